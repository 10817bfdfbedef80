#!/bin/sh
# `go build -overlay` can replace a file of the standard library where Go was unpacked. Where GOTOOLCHAIN (or a
# `toolchain` line) fetched the same Go, GOROOT lies in the module cache: Go 1.24 replaces the file there, too; Go 1.25
# and later refuse it, in words about modules. The rule goes by name: through a symlink to that GOROOT, with GOROOT set
# to the symlink and GOTOOLCHAIN=local, the same file of the same toolchain is replaced.
#
# Seen with go1.24.13 and go1.27.3 fetched by go1.26.8 on linux/amd64, 30 November 2026. Needs a `go` of 1.21 or newer that
# is neither. Prints what go says; ends with 0 where it behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOFLAGS='' GOWORK=off GOMODCACHE="$folder/mod" GOCACHE="$folder/cache"
cd "$folder"
printf 'module example.com/t\n\ngo 1.22\n' > go.mod
printf 'package main\n\nfunc main() { println("hello") }\n' > main.go
printf 'package errors\n\nthis is no Go\n' > errors.go

# Says what building gives with errors/errors.go of $1 laid over by a file that does not compile.
build() {
  printf '{"Replace": {"%s/src/errors/errors.go": "%s/errors.go"}}' "$1" "$folder" > overlay.json
  "$2" build -overlay overlay.json -o out errors 2>&1 || true
}

# The compiler met the file that was laid over.
isReplaced() {
  case "$1" in *"errors.go:3:1: syntax error"*) ;; *) exit 1 ;; esac
}

# With the Go $1: where it was fetched, and through a symlink.
try() {
  GOTOOLCHAIN=$1 go version
  fetched=$(GOTOOLCHAIN=$1 go env GOROOT)
  export GOTOOLCHAIN="$1"
  direct=$(build "$fetched" go)
  echo "  in the module cache: $direct"
  ln -s "$fetched" "$1"
  linked=$(GOROOT="$folder/$1" GOTOOLCHAIN=local build "$folder/$1" "$folder/$1/bin/go")
  echo "  through a symlink:   $linked"
  isReplaced "$linked"
}

try go1.24.13
isReplaced "$direct"
try go1.27.3
case "$direct" in *"Files beneath GOMODCACHE"*"must not be replaced"*) ;; *) exit 1 ;; esac
