//go:build godyno_coverage

package zzgodyno

import (
	"bytes"
	"errors"
	"runtime/coverage"
)

// coverageData answers in the formats of Go's own coverage files: "meta" names the functions and their blocks,
// "counters" says how often each block has run so far. Only binaries built with -cover -covermode=atomic have them.
func coverageData(what string) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch what {
	case "meta":
		err = coverage.WriteMeta(&out)
	case "counters":
		err = coverage.WriteCounters(&out)
	default:
		err = errors.New("no such coverage data: " + what)
	}
	return out.Bytes(), err
}
