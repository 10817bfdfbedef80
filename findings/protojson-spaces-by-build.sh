#!/bin/sh
# google.golang.org/protobuf's protojson writes `{"a":1,"b":2}` or `{"a":1, "b":2}` by a hash of the program's own file. One
# build always writes the same, but another link of the same source, with the same compiler, may not: stripping the symbol
# table, or another order of functions (-ldflags=-randlayout), is enough. So two builds of one commit answer with different
# lengths, and allocate and send different numbers of bytes, although nothing in the code differs. It is meant that way (its
# package internal/detrand says so), but whoever compares two builds of a grpc-gateway, of etcd or of anything else that
# answers with protojson has to compare JSON, not bytes or lengths, and more than one link of each side.
#
# Seen with google.golang.org/protobuf v1.36.6 and go1.26.8 on linux/amd64, 30 November 2026: of twelve links some write 29
# bytes and some 33. Needs a `go` of 1.23 or newer. Ends with 0 where it behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOWORK=off GOFLAGS=-mod=mod
cd "$folder"
printf 'module example.com/t\n\ngo 1.23\n\nrequire google.golang.org/protobuf v1.36.6\n' > go.mod
cat > main.go <<'GO'
package main

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

func main() {
	message, _ := structpb.NewStruct(map[string]any{"a": 1, "b": "two", "c": []any{1, 2, 3}})
	text, err := protojson.Marshal(message)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(text), string(text))
}
GO
go mod tidy 2> tidy.log || { cat tidy.log; exit 2; }
go version
for flags in '' '-s' '-w' '-s -w' -randlayout=1 -randlayout=2 -randlayout=3 -randlayout=4 -randlayout=5 -randlayout=6 -randlayout=7 -randlayout=8; do
  go build -trimpath -ldflags "$flags" -o program .
  once=$(./program)
  printf '%-14s %s\n' "${flags:-no flags}" "$once"
  [ "$once" = "$(./program)" ] || { echo 'one program does not repeat itself'; exit 1; }
  echo "$once" >> all
done
[ "$(sort -u all | wc -l)" = 2 ] || { echo 'all links write the same'; exit 1; }
echo 'two forms, by how the same code was linked'
