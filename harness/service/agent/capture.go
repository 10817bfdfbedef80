package zzgodyno

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync/atomic"
	"time"
)

// capture holds what runs between two commands: the CPU profile, the execution trace, the flight recorder.
type capture struct {
	cpu        bytes.Buffer
	cpuStart   time.Time
	cpuRunning bool

	trace        boundedBuffer
	traceRunning bool

	flight flight

	// The agent's count of its own goroutines; each of the three adds one (TestGoroutinesLeaveOutTheAgent).
	ownGoroutines *int64
}

func (c *capture) run(verb string, command arguments, reply *object) ([]byte, error) {
	switch verb {
	case "snapshot":
		return snapshot(command["name"], command["gc"] == "1", reply)
	case "cpu.start":
		return nil, c.startCPU(int(command.number("hz", goCPURate)))
	case "cpu.stop":
		return c.stopCPU(reply)
	case "trace.start":
		return nil, c.startTrace(int(command.number("maxBytes", 64<<20)))
	case "trace.size":
		reply.number("bytes", int64(c.trace.size()))
		return nil, nil
	case "trace.stop":
		return c.stopTrace()
	case "flight.start":
		age := time.Duration(command.number("ageMs", 5000)) * time.Millisecond
		return nil, c.startFlight(age, uint64(command.number("maxBytes", 8<<20)))
	case "flight.snapshot":
		return c.flight.snapshot()
	case "flight.stop":
		return nil, c.stopFlight()
	default:
		return nil, errors.New("unknown command: " + verb)
	}
}

// snapshot writes a named profile as pprof. gc=1 collects first, which brings heap profiles up to now.
func snapshot(name string, gc bool, reply *object) ([]byte, error) {
	profile := pprof.Lookup(name)
	if profile == nil {
		return nil, errors.New("no such profile: " + name)
	}
	if gc {
		collectGarbage()
	}
	var out bytes.Buffer
	err := profile.WriteTo(&out, 0)
	reply.number("count", int64(profile.Count()))
	return out.Bytes(), err
}

// goCPURate is what StartCPUProfile asks for, in samples per second of CPU time.
const goCPURate = 100

// startCPU profiles at `hz`. What the kernel delivers is capped by its tick, so that higher rates give more samples but
// a smaller part of those asked for: good for shares. Go has no other way to a rate of one's own than to set it first,
// and then says so in one line on the service's standard error.
func (c *capture) startCPU(hz int) error {
	c.cpu.Reset()
	if hz != goCPURate {
		runtime.SetCPUProfileRate(hz)
	}
	if err := pprof.StartCPUProfile(&c.cpu); err != nil {
		return err
	}
	c.cpuStart, c.cpuRunning = time.Now(), true
	atomic.AddInt64(c.ownGoroutines, 1)
	return nil
}

// stopCPU reports the true span: the profile's own duration includes up to 200 ms of waiting for its writer.
func (c *capture) stopCPU(reply *object) ([]byte, error) {
	if !c.cpuRunning {
		return nil, errors.New("cpu profile not started by the agent")
	}
	reply.number("spanNs", time.Since(c.cpuStart).Nanoseconds())
	pprof.StopCPUProfile()
	c.cpuRunning = false
	atomic.AddInt64(c.ownGoroutines, -1)
	return c.cpu.Bytes(), nil
}

// startTrace records until stopTrace; a trace beyond maxBytes is given up, since the service's memory is not ours.
func (c *capture) startTrace(maxBytes int) error {
	c.trace.reset(maxBytes)
	if err := trace.Start(&c.trace); err != nil {
		return err
	}
	c.traceRunning = true
	atomic.AddInt64(c.ownGoroutines, 1)
	return nil
}

func (c *capture) stopTrace() ([]byte, error) {
	if !c.traceRunning {
		return nil, errors.New("trace not started by the agent")
	}
	trace.Stop()
	c.traceRunning = false
	atomic.AddInt64(c.ownGoroutines, -1)
	return c.trace.take()
}

func (c *capture) startFlight(age time.Duration, maxBytes uint64) error {
	if err := c.flight.start(age, maxBytes); err != nil {
		return err
	}
	atomic.AddInt64(c.ownGoroutines, 1)
	return nil
}

func (c *capture) stopFlight() error {
	if err := c.flight.stop(); err != nil {
		return err
	}
	atomic.AddInt64(c.ownGoroutines, -1)
	return nil
}
