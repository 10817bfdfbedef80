package main

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"testing"
)

func answerOf(t *testing.T, handler http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
	return answer
}

func decoded[T any](t *testing.T, answer *httptest.ResponseRecorder, status int) T {
	t.Helper()
	var value T
	if answer.Code != status {
		t.Fatalf("status %d, want %d: %s", answer.Code, status, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTwoShopsAnswerAlike(t *testing.T) {
	one, two := newShop().routes(), newShop().routes()
	for _, request := range [][3]string{
		{"GET", "/items?page=7", ""}, {"GET", "/items/599", ""}, {"GET", "/search?q=oak+table", ""}, {"GET", "/page/12", ""},
		{"GET", "/quote/3", ""}, {"POST", "/orders", `{"customer":"a","lines":[{"id":1,"count":2}]}`},
	} {
		a := answerOf(t, one, request[0], request[1], request[2])
		b := answerOf(t, two, request[0], request[1], request[2])
		if a.Code >= 300 || a.Code != b.Code || a.Body.String() != b.Body.String() {
			t.Errorf("%v: %d %s and %d %s", request, a.Code, a.Body, b.Code, b.Body)
		}
	}
}

func TestEveryPageOfTheListTogetherHoldsEveryItemOnce(t *testing.T) {
	handler, seen := newShop().routes(), map[int]int{}
	for page := 0; page < 10; page++ {
		path := "/items?page=" + strconv.Itoa(page)
		for _, one := range decoded[listing](t, answerOf(t, handler, "GET", path, ""), 200).Items {
			seen[one.ID]++
		}
	}
	for id := 0; id < itemCount; id++ {
		if seen[id] != 1 {
			t.Errorf("item %d is listed %d times", id, seen[id])
		}
	}
	if again := decoded[listing](t, answerOf(t, handler, "GET", "/items?page=11", ""), 200); again.Page != 1 {
		t.Errorf("page 11 of 10 is page %d, want 1", again.Page)
	}
}

func TestSearchFindsExactlyTheItemsThatHoldAWord(t *testing.T) {
	shop := newShop()
	found := shop.index.rank("oak table", []string{"oak", "table"})
	want := 0
	for _, one := range shop.catalogue.items {
		padded := " " + strings.ToLower(one.Name+" "+one.Text) + " "
		if strings.Contains(padded, " oak ") || strings.Contains(padded, " table ") {
			want++
		}
	}
	if found.Found != want {
		t.Errorf("found %d, want %d", found.Found, want)
	}
	if !sort.SliceIsSorted(found.Hits, func(a, b int) bool { return found.Hits[a].Score > found.Hits[b].Score }) {
		t.Errorf("hits are not sorted: %v", found.Hits)
	}
}

func TestNearnessIsTheInverseDistanceAndTwiceThatInOrder(t *testing.T) {
	words := strings.Fields("a b c d e a a")
	for _, each := range []struct {
		terms string
		want  float64
	}{{"b c", 2}, {"c b", 1}, {"e b", 1.0 / 3}, {"a z", 0}, {"z", 0}, {"b e", 2.0 / 3}} {
		if got := nearness(words, strings.Fields(each.terms)); math.Abs(got-each.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", each.terms, got, each.want)
		}
	}
}

func TestTheCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	kept, computed := newCache(2), 0
	get := func(key int) { kept.get(key, func() []int { computed++; return []int{key} }) }
	for _, key := range []int{1, 2, 1, 3, 1, 2} {
		get(key)
	}
	if computed != 4 { // 1, 2, 3, and 2 again: 3 pushed it out
		t.Errorf("computed %d times, want 4", computed)
	}
}

func TestSimilarItemsShareATagAndExcludeTheItemItself(t *testing.T) {
	catalogue := newCatalogue(itemCount, 1)
	one := catalogue.items[5]
	for _, id := range catalogue.similar(one, 6) {
		if id == one.ID || likeness(one, catalogue.items[id]) <= -1000 {
			t.Errorf("item %d is not similar", id)
		}
	}
}

func TestPagesEscapeWhatTheyShow(t *testing.T) {
	body, err := render(pageView{Title: `<script>"`, Tags: []string{"a&b"}})
	if err != nil || strings.Contains(string(body), "<script>") || !strings.Contains(string(body), "q=a%26b") {
		t.Errorf("%s %v", body, err)
	}
}

func TestAnInvoiceAddsUpAndItsSealDependsOnEveryLine(t *testing.T) {
	shop := newShop()
	items := shop.catalogue.items
	made, complaint := shop.invoiceFor(orderRequest{"x", []orderLine{{1, 2}, {2, 3}}})
	if complaint != "" || made.Total != price(2*items[1].Cents+3*items[2].Cents) {
		t.Errorf("%+v %s", made, complaint)
	}
	other, _ := shop.invoiceFor(orderRequest{"x", []orderLine{{1, 2}, {3, 3}}})
	if made.Receipt == other.Receipt {
		t.Error("two orders, one seal")
	}
	if price(105) != "1.05" || price(7) != "0.07" {
		t.Errorf("%s %s", price(105), price(7))
	}
}

func TestRefusals(t *testing.T) {
	handler := newShop().routes()
	for _, request := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/items?page=x", "", 400}, {"GET", "/items/1000", "", 404}, {"GET", "/items/-1", "", 404}, {"GET", "/search?q=", "", 400},
		{"POST", "/orders", "{", 400}, {"POST", "/orders", `{"lines":[{"id":1,"count":0}]}`, 422}, {"DELETE", "/items/1", "", 405},
	} {
		if got := answerOf(t, handler, request.method, request.path, request.body).Code; got != request.status {
			t.Errorf("%s %s: %d, want %d", request.method, request.path, got, request.status)
		}
	}
}

func TestStatsCountEveryRouteAndNothingElse(t *testing.T) {
	handler := newShop().routes()
	for _, path := range []string{"/healthz", "/items?page=0", "/items/1", "/items/2", "/stats"} {
		answerOf(t, handler, "GET", path, "")
	}
	counts := decoded[map[string]int64](t, answerOf(t, handler, "GET", "/stats", ""), 200)
	if counts["total"] != 3 || counts["list"] != 1 || counts["item"] != 2 || counts["order"] != 0 {
		t.Errorf("%v", counts)
	}
}

func TestNothingGrows(t *testing.T) {
	shop := newShop()
	handler := shop.routes()
	serveMany := func(count int) {
		for n := 0; n < count; n++ {
			answerOf(t, handler, "GET", "/quote/"+strconv.Itoa(n%itemCount), "")
		}
	}
	serveMany(300)
	var before, after runtime.MemStats
	runtime.GC()
	goroutines := runtime.NumGoroutine()
	runtime.ReadMemStats(&before)
	serveMany(1000)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 5_000 {
		t.Errorf("the heap grew by %d bytes in 1000 requests", grown)
	}
	if runtime.NumGoroutine() > goroutines {
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
	}
}
