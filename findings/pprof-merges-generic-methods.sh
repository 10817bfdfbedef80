#!/usr/bin/env bash
# go tool pprof of Go 1.27.3 puts generic methods of different types in one row.
#
# Go 1.27 has methods with type parameters of their own. Their symbols are whole in the profile, `main.(*A).Wait[go.shape.int]`
# and `main.(*B).Wait[go.shape.int]`, but `go tool pprof` takes a name with brackets for C++ unless it holds `]).` (a method
# of a generic type) and cuts `(*A)` off as if it were parameters: both print as `main..Wait[go.shape.int]`, and their
# values are added up. `-symbolize=none` leaves the names alone.
#
# Seen with go1.27.3 linux/amd64 on 30 November 2026, for 3 goroutines in A's method and 5 in B's:
#   go tool pprof -top                   8   main..Wait[go.shape.int]
#   go tool pprof -symbolize=none -top   5   main.(*B).Wait[go.shape.int]
#                                        3   main.(*A).Wait[go.shape.int]
#
# Needs Go 1.21 or newer, which fetches 1.27.3. Exits 0 while it behaves so, 1 once it does not.
set -euo pipefail
folder="$(mktemp -d)"; trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.3 GOWORK=off GOFLAGS=
cat >go.mod <<'MOD'
module example.com/methods

go 1.27
MOD
cat >main.go <<'GO'
package main

import (
	"os"
	"runtime/pprof"
	"time"
)

type (
	A struct{ gate chan int }
	B struct{ gate chan int }
)

//go:noinline
func (a *A) Wait[T any](T) { <-a.gate }

//go:noinline
func (b *B) Wait[T any](T) { <-b.gate }

func main() {
	gate := make(chan int)
	for i := 0; i < 3; i++ {
		go func() { (&A{gate}).Wait(1) }()
	}
	for i := 0; i < 5; i++ {
		go func() { (&B{gate}).Wait(1) }()
	}
	time.Sleep(200 * time.Millisecond)
	if err := pprof.Lookup("goroutine").WriteTo(os.Stdout, 0); err != nil {
		panic(err)
	}
	close(gate)
}
GO
go version
go build -o methods . && ./methods >goroutine.pb.gz
top() { go tool pprof "$@" -top -nodefraction=0 goroutine.pb.gz 2>/dev/null | awk '/Wait\[/ { print $4, $NF }' | sort; }
plain="$(top)"; whole="$(top -symbolize=none)"
printf 'go tool pprof -top:\n%s\ngo tool pprof -symbolize=none -top:\n%s\n' "$plain" "$whole"
[ "$plain" = '8 main..Wait[go.shape.int]' ] &&
  [ "$whole" = $'3 main.(*A).Wait[go.shape.int]\n5 main.(*B).Wait[go.shape.int]' ] ||
  { echo 'It behaves otherwise now.' >&2; exit 1; }
