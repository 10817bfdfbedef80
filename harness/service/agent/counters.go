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
}

// Counters of runtime/metrics that exist since Go 1.20 and are absent (KindBad) before.
const (
	mutexWaitMetric = "/sync/mutex/wait/total:seconds"
	gcCPUMetric     = "/cpu/classes/gc/total:cpu-seconds"
)

func newCounterReader() *counterReader {
	return &counterReader{samples: []metrics.Sample{{Name: mutexWaitMetric}, {Name: gcCPUMetric}}}
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
	o.seconds("mutexWaitNs", c.samples[0].Value).seconds("gcCpuNs", c.samples[1].Value)
	o.number("goroutines", c.goroutines)
	c.begin.appendJSON(&o, "begin")
	c.end.appendJSON(&o, "end")
	return o.bytes
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
