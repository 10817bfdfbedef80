// Waits serves requests that spend their time in known ways, asks itself for some, and records an execution trace of it:
// what a reader of traces must find again. It prints what it measured with its own clock, as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"time"
)

// spent is nanoseconds by the function that spent them; all requests together.
type spent struct {
	Requests  int64 `json:"requests"`
	LatencyNs int64 `json:"latencyNs"`
	HandlerNs int64 `json:"handlerNs"`
	Sleeps    int64 `json:"main.sleeps"`
	Computes  int64 `json:"main.computes"`
	Locks     int64 `json:"main.locks"`
	Receives  int64 `json:"main.receives"`
	Calls     int64 `json:"main.calls"`
}

var total spent

// downstream is another server of this process, whose handler is no request of ours: it answers on plain connections.
var downstream string

func timed(into *int64, part func()) {
	began := time.Now()
	part()
	atomic.AddInt64(into, int64(time.Since(began)))
}

//go:noinline
func sleeps() { time.Sleep(3 * time.Millisecond) }

var sink uint64

//go:noinline
func computes() {
	for end := time.Now().Add(2 * time.Millisecond); time.Now().Before(end); {
		for round := uint64(0); round < 1000; round++ {
			sink += round * round
		}
	}
}

//go:noinline
func locks() {
	var lock sync.Mutex
	lock.Lock()
	time.AfterFunc(2*time.Millisecond, lock.Unlock)
	lock.Lock()
}

//go:noinline
func receives() {
	done := make(chan int)
	time.AfterFunc(time.Millisecond, func() { done <- 1 })
	<-done
}

//go:noinline
func calls() {
	conn, err := net.Dial("tcp", downstream)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	if _, err := io.ReadAll(conn); err != nil {
		panic(err)
	}
}

func handle(w http.ResponseWriter, r *http.Request) {
	timed(&total.HandlerNs, func() {
		timed(&total.Sleeps, sleeps)
		timed(&total.Computes, computes)
		timed(&total.Locks, locks)
		timed(&total.Receives, receives)
		timed(&total.Calls, calls)
		fmt.Fprintln(w, "done")
	})
}

// answerLate closes every connection after 2 ms.
func answerLate(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		time.AfterFunc(2*time.Millisecond, func() { conn.Close() })
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return listener
}

// ask sends requests, with a rest between them.
func ask(client *http.Client, url string, requests int) {
	for i := 0; i < requests; i++ {
		began := time.Now()
		answer, err := client.Get(url)
		if err != nil {
			panic(err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			panic(err)
		}
		answer.Body.Close()
		atomic.AddInt64(&total.LatencyNs, int64(time.Since(began)))
		atomic.AddInt64(&total.Requests, 1)
		time.Sleep(5 * time.Millisecond)
	}
}

func main() {
	file := flag.String("trace", "trace.out", "where the trace goes")
	requests := flag.Int("requests", 100, "requests of each client")
	clients := flag.Int("clients", 2, "clients, each with a connection of its own")
	secure := flag.Bool("http2", false, "serve HTTP/2")
	sample := flag.Bool("cpu", true, "take CPU samples, too")
	flag.Parse()

	late := listen()
	downstream = late.Addr().String()
	go answerLate(late)
	server := httptest.NewUnstartedServer(http.HandlerFunc(handle))
	server.EnableHTTP2 = *secure
	if *secure {
		server.StartTLS()
	} else {
		server.Start()
	}

	out, err := os.Create(*file)
	if err != nil {
		panic(err)
	}
	if *sample {
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			panic(err)
		}
	}
	if err := trace.Start(out); err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for i := 0; i < *clients; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			ask(server.Client(), server.URL, *requests)
		}()
	}
	all.Wait()
	trace.Stop()
	if *sample {
		pprof.StopCPUProfile()
	}
	if err := out.Close(); err != nil {
		panic(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(total); err != nil {
		panic(err)
	}
}
