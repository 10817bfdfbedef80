// Command shop sells lamps and other things: a small service as people write them, with the standard library alone.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"strconv"
	"sync"
)

type server struct {
	products *store
	mu       sync.Mutex
	sessions map[string]*session
}

type session struct {
	name string
	mu   sync.Mutex
	cart map[int]int
}

func main() {
	addr := flag.String("addr", ":8080", "address to listen on")
	count := flag.Int("products", 200, "how many products there are")
	flag.Parse()
	shop := &server{products: newStore(*count), sessions: map[string]*session{}}
	log.Printf("listening on %s", *addr)
	log.Fatal(http.ListenAndServe(*addr, shop.routes()))
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) })
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("GET /product/{id}", s.product)
	mux.HandleFunc("GET /search", s.search)
	mux.HandleFunc("GET /api/products", s.list)
	mux.HandleFunc("POST /login", s.login)
	mux.Handle("GET /cart", s.signedIn(s.cart))
	mux.Handle("POST /cart", s.signedIn(s.add))
	return secured(mux)
}

// secured sets the headers that every page has.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), r)
		next.ServeHTTP(w, r)
	})
}

func setHeaders(header http.Header, r *http.Request) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'self'")
	if r.Method != http.MethodGet {
		header.Set("Cache-Control", "no-store")
	}
}

func (s *server) signedIn(next func(http.ResponseWriter, *http.Request, *session)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("session")
		if err != nil {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		s.mu.Lock()
		visitor, found := s.sessions[cookie.Value]
		s.mu.Unlock()
		if !found {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		next(w, r, visitor)
	})
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("password") != "secret" {
		http.Error(w, "wrong name or password", http.StatusForbidden)
		return
	}
	token := make([]byte, 16)
	rand.Read(token)
	id := hex.EncodeToString(token)
	s.mu.Lock()
	s.sessions[id] = &session{name: r.FormValue("name"), cart: map[int]int{}}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true})
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func (s *server) front(w http.ResponseWriter, r *http.Request) {
	show(w, "front", s.products.page(number(r.FormValue("page"), 1), 20))
}

func (s *server) product(w http.ResponseWriter, r *http.Request) {
	found, ok := s.products.byID(number(r.PathValue("id"), 0))
	if !ok {
		http.NotFound(w, r)
		return
	}
	show(w, "product", found)
}

func (s *server) search(w http.ResponseWriter, r *http.Request) {
	show(w, "front", s.products.search(r.FormValue("q")))
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s.products.page(number(r.FormValue("page"), 1), 50))
}

func (s *server) cart(w http.ResponseWriter, _ *http.Request, visitor *session) {
	visitor.mu.Lock()
	defer visitor.mu.Unlock()
	show(w, "cart", s.products.total(visitor.name, visitor.cart))
}

func (s *server) add(w http.ResponseWriter, r *http.Request, visitor *session) {
	found, ok := s.products.byID(number(r.FormValue("product"), 0))
	if !ok {
		http.Error(w, "no such product", http.StatusBadRequest)
		return
	}
	visitor.mu.Lock()
	visitor.cart[found.ID] += number(r.FormValue("count"), 1)
	visitor.mu.Unlock()
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}
