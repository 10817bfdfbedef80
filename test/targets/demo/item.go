package main

import (
	"net/http"
	"sort"
)

type details struct {
	item
	Price   string    `json:"price"`
	Related []summary `json:"related"`
}

const relatedItems = 12

// item answers one item with the items most like it.
func (s *shop) item(w http.ResponseWriter, r *http.Request) {
	one := s.itemOf(w, r)
	if one == nil {
		return
	}
	answer := details{item: *one, Price: price(one.Cents)}
	for _, id := range s.relatedTo(one) {
		answer.Related = append(answer.Related, summarise(s.catalogue.byID(id)))
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *shop) relatedTo(one *item) []int {
	return s.related.get(one.ID, func() []int { return s.catalogue.similar(one, relatedItems) })
}

// similar ranks the items that share a tag with `one` by likeness, best first, ties by number.
func (c *catalogue) similar(one *item, count int) []int {
	likenessOf := map[int]int{}
	for _, tag := range one.Tags {
		for _, other := range c.byTag[tag] {
			if _, known := likenessOf[other.ID]; !known && other.ID != one.ID {
				likenessOf[other.ID] = likeness(one, other)
			}
		}
	}
	ids := make([]int, 0, len(likenessOf))
	for id := range likenessOf {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(a, b int) bool {
		if likenessOf[ids[a]] != likenessOf[ids[b]] {
			return likenessOf[ids[a]] > likenessOf[ids[b]]
		}
		return ids[a] < ids[b]
	})
	return ids[:min(count, len(ids))]
}

// likeness counts shared tags, and a little for a like price.
func likeness(a, b *item) int {
	shared := 0
	for _, mine := range a.Tags {
		for _, theirs := range b.Tags {
			if mine == theirs {
				shared += 100
			}
		}
	}
	return shared - int(max(a.Cents-b.Cents, b.Cents-a.Cents)/1000)
}
