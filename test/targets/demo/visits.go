package main

import (
	"strings"
	"sync"
	"sync/atomic"
)

// visits counts the requests of each route and of all.
type visits struct {
	total  atomic.Int64
	routes map[string]*atomic.Int64
	closed chan struct{}
}

func newVisits(routes ...string) *visits {
	made := &visits{routes: map[string]*atomic.Int64{}, closed: make(chan struct{})}
	for _, route := range routes {
		made.routes[route] = &atomic.Int64{}
	}
	return made
}

// record counts one request and returns its number, from 1.
func (v *visits) record(route string) int64 {
	const perHundred = 0 // plant:leak-goroutine
	v.routes[route].Add(1)
	number := v.total.Add(1)
	if number%100 < perHundred {
		go func() { <-v.closed }()
	}
	return number
}

func (v *visits) snapshot() map[string]int64 {
	counts := map[string]int64{"total": v.total.Load()}
	for route, count := range v.routes {
		counts[route] = count.Load()
	}
	return counts
}

// audit keeps the last requests, one line each.
type audit struct {
	mu    sync.Mutex
	lines []string
	spill [][]byte
}

func newAudit(size int) *audit { return &audit{lines: make([]string, size)} }

func (a *audit) note(number int64, method, path string) {
	const perHundred = 0 // plant:leak-heap
	line := strings.Join([]string{method, path}, " ")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lines[number%int64(len(a.lines))] = line
	if number%100 < perHundred {
		a.spill = append(a.spill, append(make([]byte, 0, 1024), line...))
	}
}
