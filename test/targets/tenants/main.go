// A service of ten routes that serve four tenants. All of them compute in one function, so that no profile by function
// tells them apart: what a route costs only its own requests say, and what a tenant costs only the label. Part of the
// work is done by a goroutine of the request's own.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/pprof"
	"strconv"
)

// What a copy may do more: rounds of route 7, and in the goroutine of tenant delta.
const (
	moreAtSeven  = 0
	moreForDelta = 0
)

// A round takes about a nanosecond.
const (
	roundsOfRoute  = 60_000
	roundsOfTenant = 40_000
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, routes()))
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	for route := range 10 {
		name := "r" + strconv.Itoa(route)
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) {
			tenant := r.URL.Query().Get("tenant")
			pprof.Do(r.Context(), pprof.Labels("endpoint", name, "tenant", tenant), func(context.Context) {
				fmt.Fprintln(w, serve(route, tenant))
			})
		})
	}
	return mux
}

func serve(route int, tenant string) uint64 {
	rounds := roundsOfRoute
	if route == 7 {
		rounds += moreAtSeven
	}
	child := make(chan uint64)
	go func() { child <- compute(roundsFor(tenant)) }()
	return compute(rounds) ^ <-child
}

func roundsFor(tenant string) int {
	if tenant == "delta" {
		return roundsOfTenant + moreForDelta
	}
	return roundsOfTenant
}

//go:noinline
func compute(rounds int) uint64 {
	sum := uint64(rounds)
	for i := range rounds {
		sum = sum*6364136223846793005 + uint64(i)
	}
	return sum
}
