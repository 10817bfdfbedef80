#!/bin/sh
# OTLP profiles keep names, functions and stacks in tables, and in each table index 0 stands for "not set". The Collector's
# Go library (pprofile) has MergeTo, which carries profiles with their tables over into others. One would gather profiles
# as one gathers spans or metrics: NewProfiles(), then MergeTo for each. But NewProfiles() has tables of length 0, and
# MergeTo does not put the empty entry at index 0 first: what is merged first takes index 0 (the first stack, function
# and name), which every reader, the next MergeTo too, takes for "not set". No error is returned. Below, one sample of
# main.work is still there after the first merge; after the second, into another new Profiles, its stack is gone or empty.
# With one empty entry put into each table of the destination before, nothing is lost.
#
# Seen with go.opentelemetry.io/collector/pdata/pprofile v0.165.0 and go1.26.8, 1 December 2026. Needs a `go` of 1.25 or
# newer. Prints what is left of the sample; ends with 0 where it behaves as described, with 1 where it has changed.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
export GOENV=off GOFLAGS='' GOWORK=off
cd "$folder"
printf 'module example.com/t\n\ngo 1.25.0\n' > go.mod
cat > main.go <<'GO'
package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pprofile"
)

// The empty entry that the format wants at index 0 of each table.
func seed(profiles pprofile.Profiles) pprofile.Profiles {
	tables := profiles.Dictionary()
	tables.StringTable().Append("")
	tables.FunctionTable().AppendEmpty()
	tables.LocationTable().AppendEmpty()
	tables.StackTable().AppendEmpty()
	tables.MappingTable().AppendEmpty()
	tables.LinkTable().AppendEmpty()
	tables.AttributeTable().AppendEmpty()
	return profiles
}

// One sample of main.work, by the book.
func one() pprofile.Profiles {
	profiles := seed(pprofile.NewProfiles())
	tables := profiles.Dictionary()
	tables.StringTable().Append("main.work")
	tables.FunctionTable().AppendEmpty().SetNameStrindex(1)
	tables.LocationTable().AppendEmpty().Lines().AppendEmpty().SetFunctionIndex(1)
	tables.StackTable().AppendEmpty().LocationIndices().Append(1)
	sample := profiles.ResourceProfiles().AppendEmpty().ScopeProfiles().AppendEmpty().Profiles().AppendEmpty().Samples().AppendEmpty()
	sample.SetStackIndex(1)
	sample.Values().Append(7)
	return profiles
}

// Where the sample's stack stands, and the names in it.
func say(profiles pprofile.Profiles) string {
	tables := profiles.Dictionary()
	sample := profiles.ResourceProfiles().At(0).ScopeProfiles().At(0).Profiles().At(0).Samples().At(0)
	index := int(sample.StackIndex())
	if index >= tables.StackTable().Len() {
		return fmt.Sprintf("stack %d of %d, no names", index, tables.StackTable().Len())
	}
	names := ""
	for _, at := range tables.StackTable().At(index).LocationIndices().All() {
		for _, line := range tables.LocationTable().At(int(at)).Lines().All() {
			names += " " + tables.StringTable().At(int(tables.FunctionTable().At(int(line.FunctionIndex())).NameStrindex()))
		}
	}
	if names == "" {
		names = " none"
	}
	return fmt.Sprintf("stack %d, names:%s", index, names)
}

func merge(from, to pprofile.Profiles) pprofile.Profiles {
	if err := from.MergeTo(to); err != nil {
		fmt.Println("error:", err)
	}
	return to
}

func main() {
	fmt.Println("as made:             ", say(one()))
	fmt.Println("merged once:         ", say(merge(one(), pprofile.NewProfiles())))
	fmt.Println("merged twice:        ", say(merge(merge(one(), pprofile.NewProfiles()), pprofile.NewProfiles())))
	fmt.Println("twice, with entry 0: ", say(merge(merge(one(), seed(pprofile.NewProfiles())), seed(pprofile.NewProfiles()))))
}
GO
go get go.opentelemetry.io/collector/pdata/pprofile@v0.165.0 2> said || { cat said; exit 1; }
go run . | tee out

cat > expected <<'TEXT'
as made:              stack 1, names: main.work
merged once:          stack 0, names: main.work
merged twice:         stack 0 of 0, no names
twice, with entry 0:  stack 1, names: main.work
TEXT
cmp -s out expected
