package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

type orderLine struct {
	ID    int `json:"id"`
	Count int `json:"count"`
}

type orderRequest struct {
	Customer string      `json:"customer"`
	Lines    []orderLine `json:"lines"`
}

type invoice struct {
	Number  int64         `json:"number"`
	Total   string        `json:"total"`
	Lines   []invoiceLine `json:"lines"`
	Receipt string        `json:"receipt"`
}

type invoiceLine struct {
	Title  string `json:"title"`
	Count  int    `json:"count"`
	Amount string `json:"amount"`
}

// orderRing remembers the last 64 invoices.
type orderRing struct {
	mu     sync.Mutex
	placed int64
	last   [64]*invoice
}

// order prices what the customer wants and answers with a sealed invoice.
func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	var wanted orderRequest
	reader := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	if err := reader.Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	made, complaint := s.invoiceFor(wanted)
	if complaint != "" {
		http.Error(w, complaint, http.StatusUnprocessableEntity)
		return
	}
	s.orders.add(made)
	writeJSON(w, http.StatusCreated, made)
}

func (s *shop) invoiceFor(wanted orderRequest) (*invoice, string) {
	made, total := &invoice{}, int64(0)
	for _, line := range wanted.Lines {
		one := s.catalogue.byID(line.ID)
		if one == nil || line.Count < 1 {
			return nil, "line " + strconv.Itoa(len(made.Lines)) + ": no such item or count"
		}
		amount := one.Cents * int64(line.Count)
		total += amount
		made.Lines = append(made.Lines, invoiceLine{titled(one.Name), line.Count, price(amount)})
	}
	made.Total = price(total)
	made.Receipt = seal(wanted.Customer, made)
	return made, ""
}

// seal chains a digest over the invoice's lines, so that a changed line shows.
func seal(customer string, made *invoice) string {
	const copies = 0 // plant:alloc
	title := customer + ", " + made.Total
	for i := 0; i < copies; i++ {
		title = strings.Clone(title)
	}
	sum := sha256.Sum256([]byte(title))
	for turn := 0; turn < 80; turn++ {
		for _, line := range made.Lines {
			sum = sha256.Sum256([]byte(hex.EncodeToString(sum[:]) + strings.ToLower(line.Title) + line.Amount))
		}
	}
	return hex.EncodeToString(sum[:])
}

func (o *orderRing) add(made *invoice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.placed++
	made.Number = o.placed
	o.last[o.placed%int64(len(o.last))] = made
}
