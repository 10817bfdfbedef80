// The Go side of profile-bench.ts: makes the large profile, and times google/pprof's own package on any profile.
//
//	profile-go make FILE        writes 100,000 samples of 30 frames
//	profile-go time FILE ROUNDS REPEATS
//		prints {"parse": ms, "flatCum": ms}: CPU time of one reading, GC threads included, in the best of so many
//		rounds of so many readings
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/google/pprof/profile"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

const (
	functions = 4_000
	locations = 12_000
	samples   = 100_000
	depth     = 30
)

func synthetic() *profile.Profile {
	random := rand.New(rand.NewSource(1))
	mapping := &profile.Mapping{ID: 1, Start: 0x400000, Limit: 0x4000000, File: "/bin/service", HasFunctions: true}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:     10_000_000,
		Mapping:    []*profile.Mapping{mapping},
	}
	for i := range functions {
		name := fmt.Sprintf("example.com/service/part%d.(*Type%d).Method%d", i%100, i%37, i)
		p.Function = append(p.Function, &profile.Function{
			ID: uint64(i + 1), Name: name, SystemName: name,
			Filename: fmt.Sprintf("/src/part%d/file%d.go", i%100, i%9), StartLine: int64(i % 500),
		})
	}
	for i := range locations {
		location := &profile.Location{ID: uint64(i + 1), Mapping: mapping, Address: uint64(0x400000 + i*64)}
		// One location in four holds an inlined line.
		for range 1 + random.Intn(8)/6 {
			line := profile.Line{Function: p.Function[random.Intn(functions)], Line: int64(random.Intn(2000))}
			location.Line = append(location.Line, line)
		}
		p.Location = append(p.Location, location)
	}
	for i := range samples {
		count := int64(1 + random.Intn(3))
		sample := &profile.Sample{Value: []int64{count, count * p.Period}}
		for range depth {
			sample.Location = append(sample.Location, p.Location[random.Intn(locations)])
		}
		if i%5 == 0 {
			sample.Label = map[string][]string{"route": {fmt.Sprint("/route", i%20)}}
		}
		p.Sample = append(p.Sample, sample)
	}
	return p
}

// flatCum sums the last value by function name, a recursive function once per sample.
func flatCum(p *profile.Profile) (flat, cum map[string]int64) {
	flat, cum = map[string]int64{}, map[string]int64{}
	seen := map[string]bool{}
	for _, sample := range p.Sample {
		value := sample.Value[len(sample.Value)-1]
		clear(seen)
		for l, location := range sample.Location {
			for i, line := range location.Line {
				name := line.Function.Name
				if l == 0 && i == 0 {
					flat[name] += value
				}
				if !seen[name] {
					seen[name] = true
					cum[name] += value
				}
			}
		}
	}
	return flat, cum
}

func main() {
	if os.Args[1] == "make" {
		file, err := os.Create(os.Args[2])
		check(err)
		check(synthetic().Write(file))
		check(file.Close())
		return
	}
	data, err := os.ReadFile(os.Args[2])
	check(err)
	rounds, err := strconv.Atoi(os.Args[3])
	check(err)
	repeats, err := strconv.Atoi(os.Args[4])
	check(err)
	parse, both := time.Hour, time.Hour
	for range rounds {
		start := cpuTime()
		for range repeats {
			_, err := profile.ParseData(data)
			check(err)
		}
		parse = min(parse, cpuTime()-start)
		start = cpuTime()
		for range repeats {
			p, err := profile.ParseData(data)
			check(err)
			flatCum(p)
		}
		both = min(both, cpuTime()-start)
	}
	check(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"parse": parse.Seconds() * 1e3 / float64(repeats), "flatCum": both.Seconds() * 1e3 / float64(repeats),
	}))
}
