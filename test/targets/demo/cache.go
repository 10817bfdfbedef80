package main

import (
	"container/list"
	"runtime"
	"sync"
)

// cache keeps the most recently used lists of related items. One mutex guards it; values are computed outside the
// lock, so two requests may compute the same list, and that is cheaper than making one wait.
type cache struct {
	mu       sync.Mutex
	capacity int
	entries  map[int]*list.Element
	recent   *list.List
}

type cached struct {
	key   int
	value []int
}

func newCache(capacity int) *cache {
	return &cache{capacity: capacity, entries: map[int]*list.Element{}, recent: list.New()}
}

func (c *cache) get(key int, compute func() []int) []int {
	if value, ok := c.lookup(key); ok {
		return value
	}
	value := compute()
	c.store(key, value)
	return value
}

func (c *cache) lookup(key int) ([]int, bool) {
	const pauses = 0 // plant:lock
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := 0; i < pauses; i++ {
		runtime.Gosched()
	}
	found, ok := c.entries[key]
	if !ok {
		return nil, false
	}
	c.recent.MoveToFront(found)
	return found.Value.(*cached).value, true
}

func (c *cache) store(key int, value []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.entries[key]; ok {
		found.Value.(*cached).value = value
		return
	}
	c.entries[key] = c.recent.PushFront(&cached{key, value})
	if c.recent.Len() > c.capacity {
		oldest := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.entries, oldest.key)
	}
}
