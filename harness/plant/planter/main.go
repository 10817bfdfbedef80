// The planter writes a fault into one function of a Go program, as an overlay: the sources it reads stay as they are.
//
// It reads a request (JSON) on standard input and answers (JSON) on standard output. A function is found by the name
// profiles give it, and edited at the byte after its opening brace, on that line, so that no line moves and everything
// else of the file stays as it was written.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

type request struct {
	Packages []sourcePackage `json:"packages"`
	// Replace is the overlay that is already there: path as go knows it → file with its text.
	Replace map[string]string `json:"replace"`
	// Candidates are functions as profiles tell them; the first that can be edited is.
	Candidates []candidate `json:"candidates"`
	Fault      fault       `json:"fault"`
	// Out is the folder for the files of the new overlay.
	Out string `json:"out"`
}

// candidate has a place where the profile knows it: copies of a closure that was inlined have names of their own.
type candidate struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
}

type sourcePackage struct {
	ImportPath string   `json:"importPath"`
	Name       string   `json:"name"`
	Dir        string   `json:"dir"`
	Files      []string `json:"files"`
}

type answer struct {
	// Planted is null when no candidate could be edited.
	Planted *planted          `json:"planted"`
	Refused []refusal         `json:"refused"`
	Replace map[string]string `json:"replace"`
}

type planted struct {
	// Candidate is its number among those asked for.
	Candidate int    `json:"candidate"`
	Function  string `json:"function"`
	Package   string `json:"package"`
	File      string `json:"file"`
	Line      int    `json:"line"`
}

type refusal struct {
	Function string `json:"function"`
	Reason   string `json:"reason"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fail(err)
	}
	given, err := plant(asked)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(given); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func plant(asked request) (*answer, error) {
	program := &program{packages: asked.Packages, replace: asked.Replace, parsed: map[string]*sourceFile{}}
	given := &answer{Refused: []refusal{}, Replace: map[string]string{}}
	if asked.Fault.Kind == "shift" {
		return given, shift(program, asked, given)
	}
	for index, wanted := range asked.Candidates {
		place, reason, err := program.find(wanted)
		if err != nil {
			return nil, err
		}
		if place == nil {
			given.Refused = append(given.Refused, refusal{Function: wanted.Name, Reason: reason})
			continue
		}
		place.candidate = index
		return given, edit(place, asked, given)
	}
	return given, nil
}

// edit puts the fault's statements behind the opening brace, and what they need into a file beside it.
func edit(at *place, asked request, given *answer) error {
	statements, declarations, err := asked.Fault.code()
	if err != nil {
		return err
	}
	text := at.file.text
	edited := append([]byte{}, text[:at.offset]...)
	edited = append(edited, " "+statements+" "...)
	edited = append(edited, text[at.offset:]...)
	file := filepath.Join(asked.Out, "planted.go")
	if err := os.WriteFile(file, edited, 0o644); err != nil {
		return err
	}
	given.Replace[at.file.path] = file
	given.Planted = &planted{Candidate: at.candidate, Function: at.function, Package: at.pack.ImportPath, File: at.file.path, Line: at.line}
	return helper(at.pack, declarations, asked, given)
}

// shift adds a few functions that nobody calls to the main package: everything the linker places moves.
func shift(program *program, asked request, given *answer) error {
	for index := range program.packages {
		if pack := &program.packages[index]; pack.Name == "main" {
			return helper(pack, shiftCode, asked, given)
		}
	}
	return fmt.Errorf("there is no main package among %d packages", len(program.packages))
}

// helper writes a file of declarations beside the package's own, under a name that is free.
func helper(pack *sourcePackage, declarations string, asked request, given *answer) error {
	file := filepath.Join(asked.Out, "helper.go")
	text := "//go:build go1.21\n\npackage " + pack.Name + "\n\n" + declarations
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	for number := 1; ; number++ {
		path := filepath.Join(pack.Dir, fmt.Sprintf("zz_godyno_plant%d.go", number))
		_, replaced := asked.Replace[path]
		if _, err := os.Lstat(path); err == nil || replaced {
			continue
		}
		given.Replace[path] = file
		return nil
	}
}
