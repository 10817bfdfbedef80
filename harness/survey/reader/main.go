// The reader tells what the source of a Go service says about how it is started and what it answers: flags and
// environment variables with their defaults, addresses it listens on, subcommands, HTTP routes with the prefixes of
// their groups. Nothing is type-checked and nothing is run: what it finds are hints, each tried before it is used.
//
// It reads the packages to look at (JSON) on standard input, main package first, and answers (JSON) on standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type sourcePackage struct {
	ImportPath string   `json:"importPath"`
	Name       string   `json:"name"`
	Dir        string   `json:"dir"`
	Files      []string `json:"files"`
}

// setting is a flag or an environment variable.
type setting struct {
	Kind string `json:"kind"` // flag or variable
	// Name as it is given on the command line, dashes included, or in the environment.
	Name string `json:"name"`
	// Fallback is the default as text; null when the source does not show one.
	Fallback *string `json:"fallback"`
	File     string  `json:"file"`
	Line     int     `json:"line"`
}

type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	// owner is the variable it was put on.
	owner string
}

// listener is an address in the source, such as ":8080".
type listener struct {
	Address string `json:"address"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

type survey struct {
	Settings []setting  `json:"settings"`
	Routes   []route    `json:"routes"`
	Listens  []listener `json:"listens"`
	// Commands are names of subcommands, as cobra and urfave/cli declare them.
	Commands []string `json:"commands"`
}

func main() {
	var packages []sourcePackage
	if err := json.NewDecoder(os.Stdin).Decode(&packages); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(read(packages)); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func read(packages []sourcePackage) survey {
	p := parse(packages)
	found := survey{Settings: []setting{}, Routes: []route{}, Listens: []listener{}, Commands: []string{}}
	readSettings(p, &found)
	found.Routes = readRoutes(p)
	return found
}
