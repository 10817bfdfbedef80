package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

type ledger struct {
	currency string
	token    string
	mu       sync.Mutex
	balances map[string]int
	seen     map[string]bool
	// served counts what the load asked: neither readiness nor logins.
	served atomic.Int64
	// digest is the same for the same requests in any order.
	digest atomic.Uint64
}

func newLedger(accounts, currency string) *ledger {
	secret := make([]byte, 12)
	_, _ = rand.Read(secret)
	book := &ledger{currency: currency, token: hex.EncodeToString(secret), balances: map[string]int{}, seen: map[string]bool{}}
	for _, name := range strings.Fields(accounts) {
		book.balances[name] = 0
	}
	return book
}

func (l *ledger) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /login", l.login)
	mux.HandleFunc("PUT /accounts/{name}", l.open)
	mux.HandleFunc("POST /entries", l.counted(l.enter))
	mux.HandleFunc("GET /accounts/{name}", l.counted(l.show))
	return mux
}

func (l *ledger) login(w http.ResponseWriter, r *http.Request) {
	var asked struct{ User string }
	if json.NewDecoder(r.Body).Decode(&asked) != nil || asked.User != "clerk" {
		http.Error(w, "who are you?", http.StatusForbidden)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"session": map[string]any{"token": l.token}})
}

// counted lets a request in that carries the token, the currency and a number nobody used before.
func (l *ledger) counted(handle func(http.ResponseWriter, string, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		number := r.Header.Get("X-Request")
		l.served.Add(1)
		sum := fnv.New64a()
		_, _ = io.WriteString(sum, number+r.Method+r.URL.Path)
		_, _ = sum.Write(body)
		l.digest.Add(sum.Sum64())
		switch {
		case r.Header.Get("Authorization") != "Bearer "+l.token:
			http.Error(w, "log in first", http.StatusUnauthorized)
		case r.Header.Get("X-Currency") != l.currency:
			http.Error(w, "another currency", http.StatusBadRequest)
		case !l.isNew(number):
			http.Error(w, "request "+number+" came twice", http.StatusConflict)
		default:
			handle(w, r.PathValue("name"), body)
		}
	}
}

func (l *ledger) isNew(number string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number == "" || l.seen[number] {
		return false
	}
	l.seen[number] = true
	return true
}

func (l *ledger) open(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.balances[r.PathValue("name")]; known {
		http.Error(w, "it is open already", http.StatusConflict)
		return
	}
	l.balances[r.PathValue("name")] = 0
	w.WriteHeader(http.StatusCreated)
}

func (l *ledger) enter(w http.ResponseWriter, _ string, body []byte) {
	var entry struct {
		Account string
		Cents   int
	}
	if json.Unmarshal(body, &entry) != nil || entry.Cents == 0 {
		http.Error(w, "no entry", http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.balances[entry.Account]; !known {
		http.Error(w, "no such account", http.StatusNotFound)
		return
	}
	l.balances[entry.Account] += entry.Cents
	w.WriteHeader(http.StatusCreated)
}

func (l *ledger) show(w http.ResponseWriter, name string, _ []byte) {
	l.mu.Lock()
	cents, known := l.balances[name]
	l.mu.Unlock()
	if !known {
		http.Error(w, "no such account", http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"account": name, "cents": cents})
}
