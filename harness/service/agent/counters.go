package zzgodyno

import (
	"math"
	"runtime"
	"runtime/metrics"
)

// counterReader reads everything that is counted per window into memory it owns, so that a reading allocates nothing
// and leaves no trace in the counters it reads.
type counterReader struct {
	mem     runtime.MemStats
	samples []metrics.Sample

	// Usage when the reading began and when it ended: a window that starts with this reading counts from the end, one
	// that ends with it counts up to the beginning, so the reading itself is in neither.
	begin, end usage

	goroutines int64

	// CPU time of the latest collection that was forced; 0 before the first one.
	collectionNs int64
}

// Counters of runtime/metrics that exist since Go 1.20, the last one since Go 1.21, and are absent (KindBad) before.
const (
	mutexWaitMetric = "/sync/mutex/wait/total:seconds"
	gcCPUMetric     = "/cpu/classes/gc/total:cpu-seconds"
	survivedMetric  = "/gc/heap/live:bytes"
)

// Their places in what is read.
const (
	mutexWaitAt = iota
	gcCPUAt
	survivedAt
)

func newCounterReader() *counterReader {
	return &counterReader{samples: []metrics.Sample{{Name: mutexWaitMetric}, {Name: gcCPUMetric}, {Name: survivedMetric}}}
}

// read takes one reading. Allocations come from ReadMemStats, which stops the world and flushes what each P has
// counted for itself; runtime/metrics does not flush and misses up to a span per size class (up to 512 objects), which
// would be a percent of a window.
func (c *counterReader) read(goroutines int64) {
	c.begin.read()
	c.goroutines = goroutines
	runtime.ReadMemStats(&c.mem)
	metrics.Read(c.samples)
	c.end.read()
}

// appendJSON appends `,"name":value` for every counter that exists here.
func (c *counterReader) appendJSON(out []byte) []byte {
	o := object{bytes: out}
	o.count("mallocs", c.mem.Mallocs).count("allocBytes", c.mem.TotalAlloc)
	o.count("liveHeapBytes", c.mem.HeapAlloc).count("liveObjects", c.mem.HeapObjects)
	o.count("gcCycles", uint64(c.mem.NumGC)).count("gcPauseNs", c.mem.PauseTotalNs)
	o.seconds("mutexWaitNs", c.samples[mutexWaitAt].Value).seconds("gcCpuNs", c.samples[gcCPUAt].Value)
	if owedNs, known := c.owedNs(); known {
		o.number("gcOwedNs", owedNs)
	}
	o.number("goroutines", c.goroutines)
	c.begin.appendJSON(&o, "begin")
	c.end.appendJSON(&o, "end")
	return o.bytes
}

// owedNs is the share of the next collection's CPU time that is due to what was allocated since the last one: so much of
// the way from what survived that one to the heap's goal. Unknown until a collection has been forced, and before Go 1.21.
func (c *counterReader) owedNs() (ns int64, known bool) {
	survived := c.samples[survivedAt].Value
	if c.collectionNs <= 0 || survived.Kind() != metrics.KindUint64 {
		return 0, false
	}
	since := float64(c.mem.HeapAlloc) - float64(survived.Uint64())
	room := float64(c.mem.NextGC) - float64(survived.Uint64())
	if since <= 0 || room <= 0 {
		return 0, true
	}
	return int64(math.Min(1, since/room) * float64(c.collectionNs)), true
}

// seconds appends a metric in nanoseconds, or nothing where this Go version does not have it.
func (o *object) seconds(name string, value metrics.Value) *object {
	if value.Kind() != metrics.KindFloat64 || math.IsNaN(value.Float64()) {
		return o
	}
	return o.number(name, int64(value.Float64()*1e9))
}

// cost is what one reading adds to the counters it reads.
type cost struct {
	mallocs, bytes uint64
}

// ownCost reads several times in a row and takes the least difference; other goroutines can only add to it.
func (c *counterReader) ownCost() cost {
	least := cost{mallocs: math.MaxUint64, bytes: math.MaxUint64}
	for round := 0; round < 5; round++ {
		c.read(0)
		mallocs, bytes := c.mem.Mallocs, c.mem.TotalAlloc
		c.read(0)
		if d := c.mem.Mallocs - mallocs; d < least.mallocs {
			least.mallocs = d
		}
		if d := c.mem.TotalAlloc - bytes; d < least.bytes {
			least.bytes = d
		}
	}
	return least
}
