package zzgodyno

import (
	"errors"
	"sync/atomic"
	"time"
)

// peakSampler looks at the number of goroutines in a fixed interval and keeps the highest.
type peakSampler struct {
	stop chan struct{}
	done chan peak
}

type peak struct {
	goroutines, samples int64
}

func (a *agent) startPeak(interval time.Duration) error {
	if a.peak != nil {
		return errors.New("peak sampling already started")
	}
	if interval < time.Millisecond || interval > time.Second {
		return errors.New("peak sampling wants an interval of 1 ms to 1 s")
	}
	a.peak = &peakSampler{stop: make(chan struct{}), done: make(chan peak, 1)}
	atomic.AddInt64(&a.ownGoroutines, 1)
	go a.samplePeak(a.peak, interval)
	return nil
}

func (a *agent) samplePeak(sampler *peakSampler, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var highest peak
	for {
		if now := a.serviceGoroutines(); now > highest.goroutines {
			highest.goroutines = now
		}
		highest.samples++
		select {
		case <-ticker.C:
		case <-sampler.stop:
			atomic.AddInt64(&a.ownGoroutines, -1)
			sampler.done <- highest
			return
		}
	}
}

func (a *agent) stopPeak(reply *object) error {
	if a.peak == nil {
		return errors.New("peak sampling not started")
	}
	close(a.peak.stop)
	highest := <-a.peak.done
	a.peak = nil
	reply.number("goroutines", highest.goroutines).number("samples", highest.samples)
	return nil
}
