#!/bin/sh
# `go build -overlay` replaces files of a build by others, whatever the packages. With `-cover` beside it one would expect
# the replacement to be instrumented. Instead the file on disk is: in a package that is instrumented, a *replaced* file is
# taken as it lies on disk, without a word and with exit code 0, while the same overlay works in a package that is not
# (-coverpkg decides). A file that the overlay only *adds* to an instrumented package ends the build: the cover tool looks
# for it on disk. So generated code, patches and agents that come by overlay are silently not in a coverage build; look for
# a marker in the program, or write the files out before.
#
# Seen with go1.26.8 and go1.27.3 on linux/amd64, 1 December 2026. Needs a `go` of 1.20 or newer. Prints what each program
# says; ends with 0 where it behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOFLAGS='' GOWORK=off
cd "$folder"
mkdir own other
printf 'module example.com/t\n\ngo 1.20\n' > go.mod
cat > main.go <<'GO'
package main

import (
	"fmt"

	"example.com/t/own"
)

func main() { fmt.Println(own.Text()) }
GO
printf 'package own\n\nfunc Text() string { return "from disk" }\n' > own/text.go
printf 'package own\n\nfunc Text() string { return "from the overlay" }\n' > other/text.go
printf 'package own\n\nfunc Added() {}\n' > other/added.go
printf '{"Replace": {"%s/own/text.go": "%s/other/text.go"}}' "$folder" "$folder" > replaces.json
printf '{"Replace": {"%s/own/added.go": "%s/other/added.go"}}' "$folder" "$folder" > adds.json

says() { GOCOVERDIR="$folder" "./$1"; }

go version
go build -overlay=replaces.json -o plain .
go build -overlay=replaces.json -cover -coverpkg=example.com/t -o outside .
go build -overlay=replaces.json -cover -coverpkg=example.com/t/... -o inside .
plain=$(says plain)
outside=$(says outside)
inside=$(says inside)
echo "replaced, without -cover:            $plain"
echo "replaced, package not instrumented:  $outside"
echo "replaced, package instrumented:      $inside"
go build -overlay=adds.json -o added .
if go build -overlay=adds.json -cover -coverpkg=example.com/t/... -o added-inside . 2> said; then added=builds; else added='does not build'; fi
echo "added, package instrumented:         $added"
sed 's/^/  /; s#[^ ]*/own/#…/own/#g' said

[ "$plain" = 'from the overlay' ] && [ "$outside" = 'from the overlay' ] && [ "$inside" = 'from disk' ] && [ "$added" = 'does not build' ]
