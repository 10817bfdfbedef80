package main

import (
	"math"
	"net/http"
	"sort"
	"strings"
)

// index is an inverted index with the word counts that BM25 needs.
type index struct {
	documents []document
	postings  map[string][]int
}

type document struct {
	item  *item
	words []string
	count map[string]int
}

type hit struct {
	ID    int     `json:"id"`
	Name  string  `json:"name"`
	Score float64 `json:"score"`
}

type results struct {
	Query string `json:"query"`
	Found int    `json:"found"`
	Hits  []hit  `json:"hits"`
}

const averageWords = 43

func newIndex(items []*item) *index {
	made := &index{postings: map[string][]int{}}
	for number, one := range items {
		entry := document{item: one, words: tokens(one.Name + " " + one.Text), count: map[string]int{}}
		for _, word := range entry.words {
			if entry.count[word] == 0 {
				made.postings[word] = append(made.postings[word], number)
			}
			entry.count[word]++
		}
		made.documents = append(made.documents, entry)
	}
	return made
}

func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

// search answers the ten best items for the words of `q`.
func (s *shop) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("q")
	terms := tokens(query)
	if len(terms) == 0 {
		http.Error(w, "q must hold a word", http.StatusBadRequest)
		return
	}
	writeJSON(w, http.StatusOK, s.index.rank(query, terms))
}

func (x *index) rank(query string, terms []string) results {
	candidates := x.candidates(terms)
	hits := make([]hit, 0, len(candidates))
	for _, number := range candidates {
		found := &x.documents[number]
		hits = append(hits, hit{ID: found.item.ID, Name: found.item.Name, Score: x.score(found, terms)})
	}
	sort.Slice(hits, func(a, b int) bool {
		if hits[a].Score != hits[b].Score {
			return hits[a].Score > hits[b].Score
		}
		return hits[a].ID < hits[b].ID
	})
	return results{Query: query, Found: len(hits), Hits: hits[:min(10, len(hits))]}
}

func (x *index) candidates(terms []string) []int {
	seen := make([]bool, len(x.documents))
	var numbers []int
	for _, term := range terms {
		for _, number := range x.postings[term] {
			if !seen[number] {
				seen[number] = true
				numbers = append(numbers, number)
			}
		}
	}
	return numbers
}

// score is BM25 with k1 = 1.2 and b = 0.75, and a small bonus for words that stand close together.
func (x *index) score(found *document, terms []string) float64 {
	total := 0.0
	for _, term := range terms {
		frequency := float64(found.count[term])
		holders := float64(len(x.postings[term]))
		weight := math.Log(1 + (float64(len(x.documents))-holders+0.5)/(holders+0.5))
		total += weight * frequency * 2.2 / (frequency + 1.2*(0.25+0.75*float64(len(found.words))/averageWords))
	}
	return math.Round(1e6*(total+0.1*nearness(found.words, terms))) / 1e6
}

// nearness grows as different words of the query stand closer together, doubled where they keep the query's order;
// 0 when fewer than two of them occur.
func nearness(words, terms []string) float64 {
	const rounds = 0 // plant:cpu
	last, lastTerm, best := -1, -1, 0.0
	for position, word := range words {
		for number, term := range terms {
			if word != term || number == lastTerm {
				continue
			}
			if last >= 0 {
				near := 1 / float64(position-last)
				if number == lastTerm+1 {
					near *= 2
				}
				best = max(best, near)
			}
			last, lastTerm = position, number
		}
	}
	for i := 0; i < rounds; i++ {
		best = best*0.999 + 0.001*best
	}
	return best
}
