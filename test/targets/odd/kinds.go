package main

import (
	"crypto/sha256"
	"net/http"
	"os"
	"sync"
	"time"
)

// kinds makes the handler of each kind; `more` is in percent of its own work.
var kinds = map[string]func(more int) http.HandlerFunc{
	"plain":      plain,
	"tiny":       tiny,
	"slow":       slow,
	"collected":  collected,
	"background": background,
	"grows":      grows,
	"warms":      warms,
	"moody":      moody,
}

var answer = []byte("{\"ok\":true}\n")

// Some 100 ns each.
func digest(text string, turns int) byte {
	sum := sha256.Sum256([]byte(text))
	for turn := 0; turn < turns; turn++ {
		sum = sha256.Sum256(sum[:])
	}
	return sum[0]
}

func percentMore(turns, more int) int { return turns + turns*more/100 }

// plain is some 400 µs of computing, nothing odd.
func plain(more int) http.HandlerFunc {
	turns := percentMore(4000, more)
	return func(w http.ResponseWriter, r *http.Request) {
		digest(r.URL.Path, turns)
		_, _ = w.Write(answer)
	}
}

// tiny is net/http and hardly anything else, some 30 µs; its own work is sized so that `more` percent of the whole is.
func tiny(more int) http.HandlerFunc {
	const ownTurns = 3
	return func(w http.ResponseWriter, r *http.Request) {
		digest(r.URL.Path, ownTurns+ownTurns*more)
		_, _ = w.Write(answer)
	}
}

// slow computes for some 20 ms.
func slow(more int) http.HandlerFunc {
	turns := percentMore(200_000, more)
	return func(w http.ResponseWriter, r *http.Request) {
		digest(r.URL.Path, turns)
		_, _ = w.Write(answer)
	}
}

type node struct {
	left, right *node
	text        string
}

func grown(depth int, text string) *node {
	if depth == 0 {
		return &node{text: text}
	}
	return &node{left: grown(depth-1, text), right: grown(depth-1, text), text: text}
}

// collected leaves a tree of pointers behind with every request and keeps the last 64: most of its time is collecting.
func collected(more int) http.HandlerFunc {
	var mu sync.Mutex
	var kept [64]*node
	next := 0
	turns := 30 * more
	return func(w http.ResponseWriter, r *http.Request) {
		tree := grown(10, r.URL.Path)
		digest(r.URL.Path, turns)
		mu.Lock()
		kept[next%len(kept)] = tree
		next++
		mu.Unlock()
		_, _ = w.Write(answer)
	}
}

// background takes a fifth of a CPU that no request asked for.
func background(more int) http.HandlerFunc {
	go func() {
		for {
			started := time.Now()
			for time.Since(started) < 2*time.Millisecond {
				digest("background", 50)
			}
			time.Sleep(8 * time.Millisecond)
		}
	}()
	turns := percentMore(3000, more)
	return func(w http.ResponseWriter, r *http.Request) {
		digest(r.URL.Path, turns)
		_, _ = w.Write(answer)
	}
}

// grows keeps 256 B of every request and reads all of it: later requests cost more than early ones.
func grows(more int) http.HandlerFunc {
	var mu sync.Mutex
	var rows [][]byte
	turns := percentMore(2000, more)
	return func(w http.ResponseWriter, r *http.Request) {
		digest(r.URL.Path, turns)
		mu.Lock()
		rows = append(rows, append(make([]byte, 0, 256), r.URL.Path...))
		total := 0
		for _, row := range rows {
			total += len(row)
		}
		mu.Unlock()
		if total > 0 {
			_, _ = w.Write(answer)
		}
	}
}

// warms remembers 50,000 answers that cost ten times as much to find: at some thousand requests a second it is warm
// after a minute, long after any launch is over.
func warms(more int) http.HandlerFunc {
	var mu sync.Mutex
	known := map[uint32]byte{}
	found, missed := percentMore(1000, more), percentMore(10_000, more)
	return func(w http.ResponseWriter, r *http.Request) {
		key := sha256.Sum256([]byte(r.URL.Path))
		at := (uint32(key[0])<<16 | uint32(key[1])<<8 | uint32(key[2])) % 50_000
		mu.Lock()
		_, ok := known[at]
		mu.Unlock()
		if ok {
			digest(r.URL.Path, found)
		} else {
			value := digest(r.URL.Path, missed)
			mu.Lock()
			known[at] = value
			mu.Unlock()
		}
		_, _ = w.Write(answer)
	}
}

// moody is 3 % slower in one process of five, for as long as it lives.
func moody(more int) http.HandlerFunc {
	if digest(time.Now().String(), os.Getpid()%7) < 51 {
		more += 3
	}
	return plain(more)
}
