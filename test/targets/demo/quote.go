package main

import (
	"math"
	"net/http"
	"sort"
	"time"
)

type offer struct {
	Supplier string `json:"supplier"`
	Cents    int64  `json:"cents"`
	Days     int    `json:"days"`
}

type quotation struct {
	ID     int     `json:"id"`
	Best   offer   `json:"best"`
	Offers []offer `json:"offers"`
}

const days = 5 * 365

var suppliers = []string{"Anders", "Bertram", "Celeste", "Dumont", "Eriksen", "Falk"}

// quote asks every supplier at once and sorts what they offer.
func (s *shop) quote(w http.ResponseWriter, r *http.Request) {
	one := s.itemOf(w, r)
	if one == nil {
		return
	}
	offers := gather(one)
	writeJSON(w, http.StatusOK, quotation{ID: one.ID, Best: offers[0], Offers: offers})
}

func gather(one *item) []offer {
	answers := make(chan offer)
	for number, name := range suppliers {
		go func() { answers <- ask(number, name, one) }()
	}
	offers := make([]offer, 0, len(suppliers))
	for range suppliers {
		offers = append(offers, <-answers)
	}
	sort.Slice(offers, func(a, b int) bool {
		if offers[a].Cents != offers[b].Cents {
			return offers[a].Cents < offers[b].Cents
		}
		return offers[a].Supplier < offers[b].Supplier
	})
	return offers
}

// ask is one supplier's price: five years of storage and demand, discounted day by day.
func ask(number int, name string, one *item) offer {
	const micros = 0 // plant:block
	if micros > 0 && number == len(suppliers)-1 {
		time.Sleep(micros * time.Microsecond)
	}
	value, demand := float64(one.Cents), 1+float64(number)/10
	cost := 0.0
	for day := 0; day < days; day++ {
		demand = 0.9*demand + 0.1*(1+0.5*math.Sin(float64(day*(number+3))/58))
		cost += value * demand * math.Exp(-float64(day)/900) / days
	}
	return offer{Supplier: name, Cents: int64(cost) + int64(one.ID*(number+7)%97), Days: 1 + (one.ID+number)%9}
}
