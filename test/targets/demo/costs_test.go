package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The mix of scenarios/demo.yml, without a network: what a request costs by route, straight from the runtime.
var mix = []struct {
	route  string
	weight int
}{{"list", 3}, {"item", 4}, {"search", 3}, {"page", 3}, {"quote", 2}, {"order", 2}}

// Prints the costs per request as one JSON line, so that planted copies can be compared without godyno
// (test/helpers/plant-demo.test.ts). DEMO_COSTS is the number of requests.
func TestCosts(t *testing.T) {
	var requests int
	if _, err := fmt.Sscan(os.Getenv("DEMO_COSTS"), &requests); err != nil || requests < 1 {
		t.Skip("DEMO_COSTS does not say how many requests to measure")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.SetBlockProfileRate(1)
	costs := newWorkload()
	costs.serve(500)
	alone := costs.measure(requests, 1)
	together := costs.measure(requests, 8)
	line, err := json.Marshal(map[string]any{"alone": alone, "together": together})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("costs %s\n", line)
}

type cost struct {
	CPUNs       float64 `json:"cpuNs"`
	WallNs      float64 `json:"wallNs"`
	Mallocs     float64 `json:"mallocs"`
	Bytes       float64 `json:"bytes"`
	MutexWaitNs float64 `json:"mutexWaitNs"`
	BlockCycles float64 `json:"blockCycles"`
	LiveBytes   float64 `json:"liveBytes"`
	Goroutines  float64 `json:"goroutines"`
	// Share of requests that took 5 ms or more.
	SlowRatio float64 `json:"slowRatio"`
}

type workload struct {
	serveOne func(number int)
	next     int
	slow     atomic.Int64
}

func newWorkload() *workload {
	handler := newShop().routes()
	var plan []string
	for _, entry := range mix {
		for range make([]struct{}, entry.weight) {
			plan = append(plan, entry.route)
		}
	}
	serveOne := func(number int) {
		method, path, body := "GET", "", ""
		switch id := number * 7 % itemCount; plan[number*5%len(plan)] {
		case "list":
			path = fmt.Sprintf("/items?page=%d", number%10)
		case "item":
			path = fmt.Sprintf("/items/%d", id%150)
		case "search":
			path = "/search?q=" + adjectives[number%len(adjectives)] + "+" + materials[number%len(materials)] + "+" + goods[number%len(goods)]
		case "page":
			path = fmt.Sprintf("/page/%d", id%150)
		case "quote":
			path = fmt.Sprintf("/quote/%d", id)
		case "order":
			method, path = "POST", "/orders"
			body = fmt.Sprintf(`{"customer":"customer-%d","lines":[{"id":%d,"count":2},{"id":%d,"count":1},{"id":%d,"count":5}]}`, number%50, id, (id+31)%itemCount, (id+77)%itemCount)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(method, path, strings.NewReader(body)))
		if answer.Code >= 300 {
			panic(fmt.Sprintf("%s %s: %d", method, path, answer.Code))
		}
	}
	made := &workload{}
	made.serveOne = func(number int) {
		since := time.Now()
		serveOne(number)
		if time.Since(since) >= 5*time.Millisecond {
			made.slow.Add(1)
		}
	}
	return made
}

func (w *workload) serve(requests int) {
	for n := 0; n < requests; n++ {
		w.serveOne(w.next)
		w.next++
	}
}

func (w *workload) serveTogether(requests, inFlight int) {
	var wait sync.WaitGroup
	for worker := 0; worker < inFlight; worker++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for n := worker; n < requests; n += inFlight {
				w.serveOne(w.next + n)
			}
		}()
	}
	wait.Wait()
	w.next += requests
}

func (w *workload) measure(requests, inFlight int) cost {
	w.slow.Store(0)
	before := snapshot()
	w.serveTogether(requests, inFlight)
	after := snapshot()
	per := func(a, b float64) float64 { return (b - a) / float64(requests) }
	return cost{
		per(before.CPUNs, after.CPUNs), per(before.WallNs, after.WallNs), per(before.Mallocs, after.Mallocs), per(before.Bytes, after.Bytes),
		per(before.MutexWaitNs, after.MutexWaitNs), per(before.BlockCycles, after.BlockCycles),
		per(before.LiveBytes, after.LiveBytes), per(before.Goroutines, after.Goroutines),
		float64(w.slow.Load()) / float64(requests),
	}
}

func snapshot() cost {
	debug.FreeOSMemory()
	var memory runtime.MemStats
	var usage syscall.Rusage
	runtime.ReadMemStats(&memory)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	wait := []metrics.Sample{{Name: "/sync/mutex/wait/total:seconds"}}
	metrics.Read(wait)
	return cost{
		CPUNs:       float64(usage.Utime.Nano() + usage.Stime.Nano()),
		WallNs:      float64(time.Now().UnixNano()),
		Mallocs:     float64(memory.Mallocs),
		Bytes:       float64(memory.TotalAlloc),
		MutexWaitNs: wait[0].Value.Float64() * 1e9,
		BlockCycles: blockedCycles(),
		LiveBytes:   float64(memory.HeapAlloc),
		Goroutines:  float64(runtime.NumGoroutine()),
	}
}

// blockedCycles is what goroutines spent waiting at channels and conditions, in ticks of a constant length.
func blockedCycles() float64 {
	records := make([]runtime.BlockProfileRecord, 4096)
	count, ok := runtime.BlockProfile(records)
	if !ok {
		panic("more than 4096 places to block at")
	}
	total := 0.0
	for _, record := range records[:count] {
		total += float64(record.Cycles)
	}
	return total
}
