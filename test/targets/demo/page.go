package main

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><title>{{.Title}}</title></head>
<body><h1>{{.Title}}</h1>
<p class="price" data-cents="{{.Cents}}">{{.Price}}</p>
<p>{{.Text}}</p>
<ul>{{range .Tags}}<li><a href="/search?q={{.}}">{{.}}</a></li>{{end}}</ul>
<table>{{range $row, $one := .Related}}<tr class="row{{$row}}">
<td><a href="/page/{{$one.ID}}" title="{{$one.Teaser}}">{{$one.Title}}</a></td><td>{{$one.Price}}</td></tr>
{{end}}</table></body></html>
`))

type pageView struct {
	Title   string
	Price   string
	Text    string
	Cents   int64
	Tags    []string
	Related []summary
}

// page renders one item for people.
func (s *shop) page(w http.ResponseWriter, r *http.Request) {
	one := s.itemOf(w, r)
	if one == nil {
		return
	}
	view := pageView{Title: titled(one.Name), Price: price(one.Cents), Text: one.Text, Cents: one.Cents, Tags: one.Tags}
	for _, id := range s.relatedTo(one) {
		view.Related = append(view.Related, summarise(s.catalogue.byID(id)))
	}
	body, err := render(view)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

func render(view pageView) ([]byte, error) {
	const micros = 0 // plant:sleep
	var body bytes.Buffer
	if micros > 0 {
		time.Sleep(micros * time.Microsecond)
	}
	if err := pageTemplate.Execute(&body, view); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}
