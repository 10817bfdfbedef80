package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// program is what may be edited: the packages of the user's own modules.
type program struct {
	packages []sourcePackage
	replace  map[string]string
	parsed   map[string]*sourceFile
}

type sourceFile struct {
	path  string
	text  []byte
	set   *token.FileSet
	tree  *ast.File
	fails error
}

// place is where statements go: right behind an opening brace.
type place struct {
	candidate int
	pack      *sourcePackage
	file      *sourceFile
	function  string
	line      int
	offset    int
}

// brackets holds type arguments as profiles and people write them.
var brackets = regexp.MustCompile(`\[[^\[\]]*\]`)

// withoutArguments takes type arguments away, nested ones too.
func withoutArguments(name string) string {
	for {
		shorter := brackets.ReplaceAllString(name, "")
		if shorter == name {
			return name
		}
		name = shorter
	}
}

// find resolves a candidate by its name, or where that leads nowhere by the line it begins on.
func (p *program) find(wanted candidate) (*place, string, error) {
	at, reason, err := p.findNamed(wanted.Name)
	if at != nil || err != nil || wanted.Line == 0 {
		return at, reason, err
	}
	beginning, err := p.findBeginning(wanted)
	if beginning != nil {
		reason = ""
	}
	return beginning, reason, err
}

// findBeginning finds what begins on the candidate's line: a function, or the first literal.
func (p *program) findBeginning(wanted candidate) (*place, error) {
	for index := range p.packages {
		pack := &p.packages[index]
		for _, name := range pack.Files {
			// As -trimpath writes it, or as the file lies.
			if wanted.File != pack.ImportPath+"/"+name && wanted.File != filepath.Join(pack.Dir, name) {
				continue
			}
			file := p.parse(filepath.Join(pack.Dir, name))
			if file.fails != nil {
				return nil, file.fails
			}
			return beginningOn(pack, file, wanted.Line), nil
		}
	}
	return nil, nil
}

func beginningOn(pack *sourcePackage, file *sourceFile, line int) *place {
	for _, declaration := range file.tree.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || line < file.line(function.Pos()) || line > file.line(function.End()) {
			continue
		}
		closure := ""
		if below := line - file.line(function.Pos()); below > 0 {
			closure = "+" + strconv.Itoa(below)
		}
		if at, _ := placeIn(pack, file, function, closure); at != nil {
			return at
		}
	}
	return nil
}

// findNamed resolves a name: `main.serve`, `(*cache).lookup`, `example.com/m/p.F[...]`, `main.serve.func+12`. It returns the
// reason when the function cannot be edited.
func (p *program) findNamed(name string) (*place, string, error) {
	wanted := withoutArguments(name)
	outer, closure := splitClosure(wanted)
	var found []*place
	reason := ""
	for index := range p.packages {
		pack := &p.packages[index]
		symbol, exact := cutPackage(outer, pack)
		if !exact {
			symbol = outer
		}
		places, why, err := p.findIn(pack, symbol, closure)
		if err != nil {
			return nil, "", err
		}
		if exact && (len(places) > 0 || why != "") {
			found, reason = places, why
			break
		}
		found = append(found, places...)
		if reason == "" {
			reason = why
		}
	}
	switch {
	case len(found) == 1:
		return found[0], "", nil
	case len(found) > 1:
		return nil, fmt.Sprintf("%d functions have this name: %s", len(found), names(found)), nil
	case reason != "":
		return nil, reason, nil
	case initialising.MatchString(wanted):
		return nil, "it belongs to the initialisation of the package, which no request runs", nil
	}
	return nil, "no function of this name is written in the module's own packages", nil
}

func names(places []*place) string {
	list := make([]string, len(places))
	for index, one := range places {
		list[index] = one.function
	}
	return strings.Join(list, ", ")
}

// initialising is how symbols name init functions, and literals that package variables are made of.
var initialising = regexp.MustCompile(`\.(?:init(?:\.\d+)?|glob\.)(?:\.func\d|$)`)

// profileName is the package as symbols name it: the linker writes dots of the last path element as %2e.
func profileName(pack *sourcePackage) string {
	if pack.Name == "main" {
		return "main"
	}
	last := strings.LastIndex(pack.ImportPath, "/") + 1
	return pack.ImportPath[:last] + strings.ReplaceAll(pack.ImportPath[last:], ".", "%2e")
}

// cutPackage takes the package away, however its dots are written.
func cutPackage(name string, pack *sourcePackage) (string, bool) {
	if symbol, ok := strings.CutPrefix(name, profileName(pack)+"."); ok {
		return symbol, true
	}
	return strings.CutPrefix(name, pack.ImportPath+".")
}

// closureParts: `.func+12` counts lines from the outer function, `.func2` and `.func2.1` are the compiler's numbers.
var closureParts = regexp.MustCompile(`\.func(\+\d+|\d+(?:\.\d+)*)$`)

func splitClosure(name string) (string, string) {
	match := closureParts.FindStringSubmatchIndex(name)
	if match == nil {
		return name, ""
	}
	return name[:match[0]], name[match[2]:match[3]]
}

func (p *program) findIn(pack *sourcePackage, symbol, closure string) ([]*place, string, error) {
	var found []*place
	reason := ""
	for _, name := range pack.Files {
		file := p.parse(filepath.Join(pack.Dir, name))
		if file.fails != nil {
			return nil, "", file.fails
		}
		for _, declaration := range file.tree.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || symbolName(function) != symbol {
				continue
			}
			at, why := placeIn(pack, file, function, closure)
			if at != nil {
				found = append(found, at)
			} else {
				reason = why
			}
		}
	}
	return found, reason, nil
}

func (p *program) parse(path string) *sourceFile {
	if file, ok := p.parsed[path]; ok {
		return file
	}
	file := &sourceFile{path: path, set: token.NewFileSet()}
	p.parsed[path] = file
	from := path
	if replaced, ok := p.replace[path]; ok {
		from = replaced
	}
	if file.text, file.fails = os.ReadFile(from); file.fails != nil {
		return file
	}
	file.tree, file.fails = parser.ParseFile(file.set, path, file.text, parser.ParseComments|parser.SkipObjectResolution)
	return file
}

// symbolName is the function as symbols name it, without package and type arguments: F, T.M, (*T).M.
func symbolName(function *ast.FuncDecl) string {
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return function.Name.Name
	}
	receiver := function.Recv.List[0].Type
	pointer := false
	for {
		switch one := receiver.(type) {
		case *ast.ParenExpr:
			receiver = one.X
		case *ast.StarExpr:
			pointer, receiver = true, one.X
		case *ast.IndexExpr:
			receiver = one.X
		case *ast.IndexListExpr:
			receiver = one.X
		case *ast.Ident:
			if pointer {
				return "(*" + one.Name + ")." + function.Name.Name
			}
			return one.Name + "." + function.Name.Name
		default:
			return function.Name.Name
		}
	}
}

// pragmas after which statements of ours could break what the author promised the compiler.
var pragmas = []string{"//go:nosplit", "//go:norace", "//go:nowritebarrier", "//go:systemstack", "//go:linkname"}

func placeIn(pack *sourcePackage, file *sourceFile, function *ast.FuncDecl, closure string) (*place, string) {
	if function.Body == nil {
		return nil, "it has no body in Go (assembly, or a name linked from elsewhere)"
	}
	if function.Recv == nil && (function.Name.Name == "init" || function.Name.Name == "_") {
		return nil, "it belongs to the initialisation of the package, which no request runs"
	}
	if function.Doc != nil {
		for _, comment := range function.Doc.List {
			for _, pragma := range pragmas {
				if strings.HasPrefix(comment.Text, pragma) {
					return nil, "it is marked " + pragma
				}
			}
		}
	}
	body := function.Body
	name := profileName(pack) + "." + typedName(function)
	if closure != "" {
		inner := closureIn(file, function, closure)
		if inner == nil {
			return nil, "its closure " + closure + " was not found in " + name
		}
		body = inner.Body
		name += ".func+" + strconv.Itoa(file.line(inner.Pos())-file.line(function.Pos()))
	}
	return &place{
		pack:     pack,
		file:     file,
		function: name,
		line:     file.set.PositionFor(body.Lbrace, false).Line,
		offset:   file.set.PositionFor(body.Lbrace, false).Offset + 1,
	}, ""
}

// line follows line directives, as the symbol table does.
func (f *sourceFile) line(at token.Pos) int { return f.set.Position(at).Line }

// typedName is symbolName with [...] where the function or its receiver has type parameters; methods have had their own
// since Go 1.27.
func typedName(function *ast.FuncDecl) string {
	own := ""
	if function.Type.TypeParams != nil {
		own = "[...]"
	}
	if function.Recv == nil || len(function.Recv.List) == 0 {
		return function.Name.Name + own
	}
	name := symbolName(function)
	if !isGeneric(function.Recv.List[0].Type) {
		return name + own
	}
	receiver := strings.TrimSuffix(name, "."+function.Name.Name)
	if inside, pointer := strings.CutSuffix(receiver, ")"); pointer {
		return inside + "[...])." + function.Name.Name + own
	}
	return receiver + "[...]." + function.Name.Name + own
}

func isGeneric(receiver ast.Expr) bool {
	generic := false
	ast.Inspect(receiver, func(node ast.Node) bool {
		switch node.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			generic = true
		}
		return !generic
	})
	return generic
}

// closureIn finds a function literal by its distance in lines from the outer function, or by the compiler's numbers.
func closureIn(file *sourceFile, function *ast.FuncDecl, closure string) *ast.FuncLit {
	if lines, byLine := strings.CutPrefix(closure, "+"); byLine {
		wanted, _ := strconv.Atoi(lines)
		for _, one := range literals(function.Body, true) {
			if file.line(one.Pos())-file.line(function.Pos()) == wanted {
				return one
			}
		}
		return nil
	}
	var at *ast.FuncLit
	var within ast.Node = function.Body
	for _, number := range strings.Split(closure, ".") {
		index, _ := strconv.Atoi(number)
		list := literals(within, false)
		if index < 1 || index > len(list) {
			return nil
		}
		at = list[index-1]
		within = at.Body
	}
	return at
}

// literals lists the function literals below a node in the order they are written; deep: those inside others as well.
func literals(root ast.Node, deep bool) []*ast.FuncLit {
	var found []*ast.FuncLit
	ast.Inspect(root, func(node ast.Node) bool {
		one, ok := node.(*ast.FuncLit)
		if !ok {
			return true
		}
		found = append(found, one)
		return deep
	})
	return found
}
