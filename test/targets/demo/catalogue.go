package main

import (
	"math/rand"
	"net/http"
	"strconv"
	"strings"
)

type item struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Text  string   `json:"text"`
	Tags  []string `json:"tags"`
	Cents int64    `json:"cents"`
	Stock int      `json:"stock"`
}

type catalogue struct {
	items []*item
	byTag map[string][]*item
}

var materials = strings.Fields("amber birch brass canvas cedar clay copper cork cotton denim felt flax glass granite hemp iron ivory jute leather linen marble oak paper pewter pine quartz rattan satin silk slate steel stone teak tin velvet walnut wicker wool zinc")
var goods = strings.Fields("apron basket bench board bottle bowl box bracelet brush bucket cabinet candle chair clock crate cup curtain desk drawer easel frame hammer jar kettle lamp ladder mirror mug notebook oven pan pillow plate press quilt rack ring rope rug scarf shelf spoon stool table tray vase wallet whistle")
var adjectives = strings.Fields("ancient bold bright broad calm clean clever coarse cosy crisp curved dark deep durable elegant fine firm fresh gentle golden handmade heavy honest large light little long loud narrow neat old pale plain polished quick quiet rare rough round sharp short simple slender smooth soft solid square steady strong sturdy tall thick tidy warm wide worn young")

func pick(random *rand.Rand, words []string) string { return words[random.Intn(len(words))] }

// newCatalogue makes the same items for the same seed on every machine: base and head serve equal data.
func newCatalogue(count int, seed int64) *catalogue {
	random := rand.New(rand.NewSource(seed))
	made := &catalogue{byTag: map[string][]*item{}}
	for id := 0; id < count; id++ {
		one := &item{
			ID:    id,
			Name:  pick(random, adjectives) + " " + pick(random, materials) + " " + pick(random, goods),
			Text:  sentence(random, 40),
			Cents: 199 + random.Int63n(50_000),
			Stock: random.Intn(200),
		}
		for len(one.Tags) < 4 {
			one.Tags = append(one.Tags, pick(random, materials))
		}
		for _, tag := range one.Tags {
			made.byTag[tag] = append(made.byTag[tag], one)
		}
		made.items = append(made.items, one)
	}
	return made
}

func sentence(random *rand.Rand, length int) string {
	words := make([]string, length)
	for i := range words {
		words[i] = pick(random, [][]string{adjectives, materials, goods}[random.Intn(3)])
	}
	return strings.Join(words, " ")
}

func (c *catalogue) byID(id int) *item {
	if id < 0 || id >= len(c.items) {
		return nil
	}
	return c.items[id]
}

type listing struct {
	Page  int       `json:"page"`
	Pages int       `json:"pages"`
	Items []summary `json:"items"`
}

type summary struct {
	ID     int      `json:"id"`
	Title  string   `json:"title"`
	Teaser string   `json:"teaser"`
	Price  string   `json:"price"`
	Tags   []string `json:"tags"`
}

const pageSize = 100

// list answers one page of the catalogue; the page number wraps, so that any number is a page.
func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 0 {
		http.Error(w, "page must be a number from 0", http.StatusBadRequest)
		return
	}
	pages := (len(s.catalogue.items) + pageSize - 1) / pageSize
	first := number % pages * pageSize
	answer := listing{Page: number % pages, Pages: pages}
	for _, one := range s.catalogue.items[first:min(first+pageSize, len(s.catalogue.items))] {
		answer.Items = append(answer.Items, summarise(one))
	}
	writeJSON(w, http.StatusOK, answer)
}

// summarise is what a list shows of an item: a title in capitals, the first words of its text, its price.
func summarise(one *item) summary {
	tags := make([]string, 0, len(one.Tags))
	for _, tag := range one.Tags {
		tags = append(tags, "#"+tag)
	}
	return summary{ID: one.ID, Title: titled(one.Name), Teaser: excerpt(one.Text, 90), Price: price(one.Cents), Tags: tags}
}

func titled(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

// excerpt cuts at the last space before limit bytes.
func excerpt(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := strings.LastIndexByte(text[:limit], ' ')
	return text[:max(cut, 0)] + "…"
}

func price(cents int64) string {
	return strconv.FormatInt(cents/100, 10) + "." + strconv.FormatInt(cents%100/10, 10) + strconv.FormatInt(cents%10, 10)
}
