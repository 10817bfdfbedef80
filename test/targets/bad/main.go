// Command bad is a service that misbehaves in one chosen way. The way is the word in mode.txt, built into the program,
// so that two folders of equal source can differ in it; -mode overrides it for both.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

//go:embed mode.txt
var builtMode string

// at is the request, or every how many requests, at which a mode acts.
type behaviour struct {
	mode   string
	at     int64
	served atomic.Int64
	kept   state
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	mode := flag.String("mode", strings.TrimSpace(builtMode), "how to misbehave: a word, and for some a number")
	flag.Parse()
	word, number, _ := strings.Cut(*mode, " ")
	acts := &behaviour{mode: word, at: 100}
	if at, err := strconv.ParseInt(number, 10, 64); err == nil {
		acts.at = at
	}
	handle, known := handlers[word]
	if !known {
		log.Fatalf("unknown mode %q", word)
	}
	serve(acts, *addr, handle)
}

func serve(acts *behaviour, addr string, handle func(*behaviour, http.ResponseWriter, *http.Request)) {
	switch acts.mode {
	case "exit-at-once":
		fmt.Fprintln(os.Stderr, "configuration file not found")
		os.Exit(7)
	case "never-listens":
		fmt.Fprintln(os.Stderr, "waiting for the database")
		select {}
	case "listens-elsewhere":
		addr = "127.0.0.1:0"
	case "fixed-port":
		addr = fmt.Sprintf("127.0.0.1:%d", acts.at)
	case "locked-file":
		lock(filepath.Join(os.TempDir(), "bad.lock"))
	case "locked-machine":
		lock(fmt.Sprintf("/tmp/godyno-bad-%d.lock", acts.at))
	case "shared-file":
		// Kept open, as a database is.
		shared, err := os.OpenFile(fmt.Sprintf("/tmp/godyno-bad-%d.data", acts.at), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			log.Fatal(err)
		}
		defer shared.Close()
	case "fixed-ports":
		// As services do it: the second listener is not missed.
		go func() {
			if err := http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", acts.at), nil); err != nil {
				log.Print("metrics: no listener")
			}
		}()
	case "background":
		go burn()
	case "strays":
		stray(acts.at)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if acts.mode == "never-ready" {
			http.Error(w, "still warming up", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "{\"total\":%d}\n", acts.served.Load()) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		acts.served.Add(1)
		handle(acts, w, r)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	server.SetKeepAlivesEnabled(acts.mode != "closes")
	log.Fatal(server.Serve(listener))
}
