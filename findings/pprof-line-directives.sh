#!/bin/sh
# Go's profile writer keeps one file for each function *name*: that of the first frame it writes. In a function whose lines
# lie in several files (`//line`, as goyacc, ragel and templ write them), all lines are therefore shown under one of them,
# and which one changes from one profile of a process to the next. The same address is main.parse first.y:10 in the first
# snapshot below and main.parse second.y:10 in the second, second.y has no such line, and `go tool pprof -lines -diff_base`
# takes them for two: one allocation less at the first, one more at the second, where nothing was allocated in between.
# Functions (`-top` without -lines) are right. Who subtracts snapshots has to know code again by its address.
#
# Seen with go1.26.8 and go1.27.3 on linux/amd64, 30 November 2026. Needs a `go` of 1.21 or newer. Prints what pprof shows;
# ends with 0 where it behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOFLAGS='' GOWORK=off
cd "$folder"
printf 'module example.com/t\n\ngo 1.22\n' > go.mod
cat > main.go <<'GO'
package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

var sink []byte

//go:noinline
func parse(rule int) {
	if rule == 1 {
//line first.y:10
		sink = make([]byte, 1000)
	} else {
//line second.y:20
		sink = make([]byte, 2000)
	}
}

func snapshot(name string) {
	runtime.GC()
	file, err := os.Create(name)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if err := pprof.Lookup("allocs").WriteTo(file, 0); err != nil {
		panic(err)
	}
}

func main() {
	runtime.MemProfileRate = 1
	parse(1)
	snapshot("before.pb.gz")
	parse(2)
	snapshot("after.pb.gz")
}
GO

# Allocations of main.parse by line, as `<count> <file>:<line>`, sorted.
lines() {
  go tool pprof -top -lines -nodecount=0 -nodefraction=0 -sample_index=alloc_objects "$@" 2>/dev/null |
    awk '$6 == "main.parse" { sub(".*/", "", $7); print $1, $7 }' | sort
}

expect() {
  echo "  $1: $(echo "$2" | tr '\n' ',')"
  [ "$2" = "$3" ] || exit 1
}

for version in go1.26.8 go1.27.3; do
  export GOTOOLCHAIN="$version"
  go version
  go run .
  expect before "$(lines before.pb.gz)" '1 first.y:10'
  expect after "$(lines after.pb.gz)" "$(printf '1 second.y:10\n1 second.y:20')"
  expect difference "$(lines -diff_base before.pb.gz after.pb.gz)" "$(printf -- '-1 first.y:10\n1 second.y:10\n1 second.y:20')"
done
