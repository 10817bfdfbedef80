//go:build go1.25
// +build go1.25

package zzgodyno

import (
	"bytes"
	"errors"
	"runtime/trace"
	"time"
)

var errNotRecording = errors.New("flight recorder not started")

// flight is the flight recorder: a ring of the latest execution trace, written out on demand.
type flight struct {
	recorder *trace.FlightRecorder
}

func (f *flight) start(age time.Duration, maxBytes uint64) error {
	if f.recorder != nil {
		return errors.New("flight recorder already started")
	}
	recorder := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: age, MaxBytes: maxBytes})
	if err := recorder.Start(); err != nil {
		return err
	}
	f.recorder = recorder
	return nil
}

func (f *flight) snapshot() ([]byte, error) {
	if f.recorder == nil {
		return nil, errNotRecording
	}
	var out bytes.Buffer
	_, err := f.recorder.WriteTo(&out)
	return out.Bytes(), err
}

func (f *flight) stop() error {
	if f.recorder == nil {
		return errNotRecording
	}
	f.recorder.Stop()
	f.recorder = nil
	return nil
}
