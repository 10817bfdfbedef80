package main

import (
	"fmt"
	"html/template"
	"log"
	"net/http"
	"sort"
	"strings"
)

type product struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Text  string `json:"text"`
	Cents int    `json:"cents"`
}

type store struct{ products []product }

type line struct {
	Product product
	Count   int
}

type bill struct {
	Name  string
	Lines []line
	Cents int
}

var (
	kinds  = []string{"Lamp", "Chair", "Table", "Clock", "Shelf", "Mirror", "Carpet"}
	makes  = []string{"oak", "brass", "linen", "glass", "birch", "steel"}
	layout = template.Must(template.New("").Funcs(template.FuncMap{"price": price}).Parse(`
{{define "front"}}<!doctype html><title>Shop</title><ul>{{range .}}
<li><a href="/product/{{.ID}}">{{.Name}}</a> {{price .Cents}}</li>{{else}}<li>nothing</li>{{end}}
</ul>{{end}}
{{define "product"}}<!doctype html><title>{{.Name}}</title><h1>{{.Name}}</h1><p>{{.Text}}</p>
<form method="post" action="/cart"><input type="hidden" name="product" value="{{.ID}}"><button>{{price .Cents}}</button></form>{{end}}
{{define "cart"}}<!doctype html><title>Cart</title><p>{{.Name}}</p><table>{{range .Lines}}
<tr><td>{{.Product.Name}}</td><td>{{.Count}}</td></tr>{{end}}</table><p>{{price .Cents}}</p>{{end}}`))
)

func newStore(count int) *store {
	made := &store{}
	for id := 1; id <= count; id++ {
		kind, of := kinds[id%len(kinds)], makes[id%len(makes)]
		text := strings.Repeat(fmt.Sprintf("A %s of %s. ", strings.ToLower(kind), of), 4)
		made.products = append(made.products, product{id, fmt.Sprintf("%s %d", kind, id), text, 990 + 7*id})
	}
	return made
}

func (s *store) byID(id int) (product, bool) {
	if id < 1 || id > len(s.products) {
		return product{}, false
	}
	return s.products[id-1], true
}

func (s *store) page(number, size int) []product {
	from := min(max(0, (number-1)*size), len(s.products))
	return s.products[from:min(from+size, len(s.products))]
}

func (s *store) search(words string) []product {
	var found []product
	for _, one := range s.products {
		if strings.Contains(strings.ToLower(one.Name+" "+one.Text), strings.ToLower(words)) {
			found = append(found, one)
		}
	}
	return found[:min(10, len(found))]
}

func (s *store) total(name string, cart map[int]int) bill {
	made := bill{Name: name}
	for id, count := range cart {
		one, _ := s.byID(id)
		made.Lines = append(made.Lines, line{one, count})
		made.Cents += one.Cents * count
	}
	sort.Slice(made.Lines, func(a, b int) bool { return made.Lines[a].Product.ID < made.Lines[b].Product.ID })
	return made
}

func price(cents int) string {
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

func show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := layout.ExecuteTemplate(w, name, data); err != nil {
		log.Printf("%s: %v", name, err)
	}
}
