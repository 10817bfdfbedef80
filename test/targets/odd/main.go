// Command odd is a service that works well and is hard to measure in one chosen way. The way is the word in kind.txt;
// more.txt is by how many percent its own work is dearer. Both are built into the program, so that two folders of equal
// source can differ in them.
package main

import (
	_ "embed"
	"flag"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"
)

//go:embed kind.txt
var builtKind string

//go:embed more.txt
var builtMore string

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	more, err := strconv.Atoi(strings.TrimSpace(builtMore))
	if err != nil {
		log.Fatal(err)
	}
	make, known := kinds[strings.TrimSpace(builtKind)]
	if !known {
		log.Fatalf("unknown kind %q", builtKind)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/", make(more))
	server := &http.Server{Addr: *addr, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
