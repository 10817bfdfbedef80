package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

const itemCount = 1000

// shop holds everything the handlers share. Only the cache, the order ring, the visit counters and the audit ring
// change after the start, and none of them grows.
type shop struct {
	catalogue *catalogue
	index     *index
	related   *cache
	orders    *orderRing
	visits    *visits
	audit     *audit
}

func newShop() *shop {
	catalogue := newCatalogue(itemCount, 20240229)
	return &shop{
		catalogue: catalogue,
		index:     newIndex(catalogue.items),
		related:   newCache(128),
		orders:    &orderRing{},
		visits:    newVisits("list", "item", "search", "page", "quote", "order"),
		audit:     newAudit(256),
	}
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.visits.snapshot()) })
	mux.Handle("GET /items", s.observed("list", s.list))
	mux.Handle("GET /items/{id}", s.observed("item", s.item))
	mux.Handle("GET /search", s.observed("search", s.search))
	mux.Handle("GET /page/{id}", s.observed("page", s.page))
	mux.Handle("GET /quote/{id}", s.observed("quote", s.quote))
	mux.Handle("POST /orders", s.observed("order", s.order))
	return mux
}

// observed counts the request and leaves a line in the audit ring before it is answered.
func (s *shop) observed(route string, handle http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := s.visits.record(route)
		s.audit.note(number, r.Method, r.URL.Path)
		handle(w, r)
	})
}

// itemOf finds the item the path names, or answers 404 itself and returns nil.
func (s *shop) itemOf(w http.ResponseWriter, r *http.Request) *item {
	id, err := strconv.Atoi(r.PathValue("id"))
	if found := s.catalogue.byID(id); err == nil && found != nil {
		return found
	}
	http.Error(w, "no such item", http.StatusNotFound)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(value); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}
