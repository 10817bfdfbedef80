package zzgodyno

import (
	"fmt"
	"runtime"
)

// stacks writes every goroutine's stack as text, the only form that tells ids, states, creators and for how many minutes
// each has waited since a collection saw it wait. The world stands still meanwhile, so many goroutines are refused.
func stacks(mostBytes int) ([]byte, error) {
	for size := 64 << 10; ; size *= 2 {
		text := make([]byte, size)
		if length := runtime.Stack(text, true); length < size {
			return text[:length], nil
		}
		if size >= mostBytes {
			return nil, fmt.Errorf("the stacks of %d goroutines come to more than %d bytes", runtime.NumGoroutine(), mostBytes)
		}
	}
}
