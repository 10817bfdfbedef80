package main

import (
	"net/http/httptest"
	"testing"
)

func statusOf(b *behaviour, path string) int {
	b.served.Add(1)
	answer := httptest.NewRecorder()
	handlers[b.mode](b, answer, httptest.NewRequest("GET", path, nil))
	return answer.Code
}

func TestEveryHundredthRequestFails(t *testing.T) {
	acts, failed := &behaviour{mode: "fails-sometimes", at: 100}, 0
	for n := 0; n < 1000; n++ {
		if statusOf(acts, "/") == 500 {
			failed++
		}
	}
	if failed != 10 {
		t.Errorf("%d of 1000 failed, want 10", failed)
	}
}

func TestAPanicReachesTheServer(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("request 2 did not panic")
		}
	}()
	acts := &behaviour{mode: "panics", at: 2}
	statusOf(acts, "/")
	statusOf(acts, "/")
}

func TestTheStateGrowsWithEveryRequest(t *testing.T) {
	acts := &behaviour{mode: "grows"}
	for n := 0; n < 5; n++ {
		statusOf(acts, "/x")
	}
	if len(acts.kept.rows) != 5 {
		t.Errorf("%d rows, want 5", len(acts.kept.rows))
	}
}
