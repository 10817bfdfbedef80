// A service whose requests are served by Go, by a loop in C and by the kernel. Go's own CPU profile ends where the other
// two begin: it shows the call into C and the system call, and nothing of what is done there.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

// What a copy may do more: writes of a request into a file that keeps nothing.
const moreWrites = 0

const (
	roundsInGo = 100_000
	roundsInC  = 100_000
	writes     = 100
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	flag.Parse()
	sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, routes(sink)))
}

func routes(sink *os.File) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("/work", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, inGo(roundsInGo)^inC(roundsInC)^record(sink))
	})
	return mux
}

//go:noinline
func inGo(rounds int) uint64 {
	sum := uint64(rounds)
	for i := range rounds {
		sum = sum*6364136223846793005 + uint64(i)
	}
	return sum
}

// One byte at a time.
//
//go:noinline
func record(sink *os.File) uint64 {
	line := []byte{'.'}
	for range writes + moreWrites {
		if _, err := sink.Write(line); err != nil {
			return 1
		}
	}
	return 0
}
