// Command ledger is a service that needs state: `ledger migrate` must have run in its folder, its currency comes from
// the environment, requests need the token of a login, and no request may come twice. What it was asked, it says when
// it is stopped, so that a test can hold it against what the load generator claims to have sent.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	migrate := len(os.Args) > 1 && os.Args[1] == "migrate"
	if migrate {
		os.Args = append(os.Args[:1], os.Args[2:]...)
	}
	dir := flag.String("dir", ".", "folder of the accounts")
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	file := filepath.Join(*dir, "accounts.txt")
	if migrate {
		if err := os.WriteFile(file, []byte("cash\nbank\nstock\n"), 0o600); err != nil {
			log.Fatal(err)
		}
		return
	}
	accounts, err := os.ReadFile(file)
	if err != nil {
		log.Fatalf("no accounts, run `ledger migrate` first: %v", err)
	}
	currency := os.Getenv("LEDGER_CURRENCY")
	if currency == "" {
		log.Fatal("LEDGER_CURRENCY is not set")
	}
	book := newLedger(string(accounts), currency)
	if err := serve(*addr, book.routes()); err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "served %d requests, digest %016x\n", book.served.Load(), book.digest.Load())
}

// serve returns when it was told to stop and every request is answered.
func serve(addr string, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stop.Done():
	}
	grace, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	if err := server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
