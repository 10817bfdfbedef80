#!/bin/sh
# Goroutine dumps are text, and two libraries are there to read them: gostackparse and panicparse. Go 1.27 writes labels of
# runtime/pprof into a goroutine's first line, `goroutine 7 [select] {endpoint: /items}:`. One would expect a reader to skip
# what it does not know, or to say that it could not read a goroutine. gostackparse returns the goroutines without labels,
# and an error for each of the others; panicparse returns those without labels, too, and no error: it reads on to the end of
# the input as if the others were text beside the dump. So a leak in goroutines that have labels, which are those that serve
# requests in a service that labels them, is not seen. Count the lines that begin with `goroutine ` beside it.
#
# Seen with go1.27.3, github.com/DataDog/gostackparse v0.7.0 and github.com/maruel/panicparse/v2 v2.5.0 on linux/amd64,
# 1 December 2026. Needs a `go` of 1.21 or newer, which fetches Go 1.27.3. Prints what each finds; ends with 0 where it
# behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOFLAGS='' GOWORK=off GOTOOLCHAIN=go1.27.3
cd "$folder"
printf 'module example.com/t\n\ngo 1.27\n' > go.mod
cat > main.go <<'GO'
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime/pprof"
	"time"

	"github.com/DataDog/gostackparse"
	"github.com/maruel/panicparse/v2/stack"
)

func wait(ready chan<- bool) {
	ready <- true
	select {}
}

func main() {
	ready := make(chan bool)
	for range 3 {
		go wait(ready)
		<-ready
	}
	for range 4 {
		go pprof.Do(context.Background(), pprof.Labels("endpoint", "/items"), func(context.Context) { wait(ready) })
		<-ready
	}
	time.Sleep(50 * time.Millisecond)
	var dump bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&dump, 2)

	waiting := 0
	first := regexp.MustCompile(`(?m)^goroutine \d+ .*$`)
	for _, line := range first.FindAllString(dump.String(), -1) {
		if bytes.Contains([]byte(line), []byte("[select (no cases)")) {
			waiting++
			fmt.Println(" ", line)
		}
	}
	fmt.Println("waiting in the dump:", waiting)

	parsed, errs := gostackparse.Parse(bytes.NewReader(dump.Bytes()))
	count := 0
	for _, one := range parsed {
		if one.State == "select (no cases)" {
			count++
		}
	}
	fmt.Printf("gostackparse: %d, errors: %d\n", count, len(errs))

	// As its documentation has it: again and again, with what was left over, to the end.
	var rest io.Reader = bytes.NewReader(dump.Bytes())
	count = 0
	var err error
	for err == nil {
		var snapshot *stack.Snapshot
		var left []byte
		snapshot, left, err = stack.ScanSnapshot(rest, io.Discard, stack.DefaultOpts())
		rest = io.MultiReader(bytes.NewReader(left), rest)
		if snapshot == nil {
			continue
		}
		for _, one := range snapshot.Goroutines {
			if one.State == "select (no cases)" {
				count++
			}
		}
	}
	fmt.Printf("panicparse: %d, ended with: %v\n", count, err)
}
GO
go get github.com/DataDog/gostackparse@v0.7.0 github.com/maruel/panicparse/v2@v2.5.0 2> said || { cat said; exit 1; }
go version
go run . | tee out

cat > expected <<'TEXT'
waiting in the dump: 7
gostackparse: 3, errors: 4
panicparse: 3, ended with: EOF
TEXT
grep -v '^  ' out | cmp -s - expected
