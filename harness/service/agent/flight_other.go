//go:build !go1.25
// +build !go1.25

package zzgodyno

import (
	"errors"
	"time"
)

var errNoFlightRecorder = errors.New("the flight recorder needs Go 1.25 or newer")

// flight is the flight recorder, which this Go version does not have.
type flight struct{}

func (f *flight) start(age time.Duration, maxBytes uint64) error { return errNoFlightRecorder }

func (f *flight) snapshot() ([]byte, error) { return nil, errNoFlightRecorder }

func (f *flight) stop() error { return errNoFlightRecorder }
