package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// Routes are read by walking from main through the program's own functions, as if it ran, with the prefix that each
// router variable stands for. There are no types, so a router is what is made like one, named like one, or declared
// with a type that is called like one.

type kind int

const (
	unknown kind = iota
	aRouter
	aRoute // gorilla/mux: a route whose path or methods are still to come
	aText
	aFunction
	aThing // declared with a type that is no router's
)

type value struct {
	kind kind
	// prefix of a router; text of a text.
	text string
	// guessed: a router by its name alone.
	guessed bool
	// route is an index into walker.routes, -1 as long as it has no path.
	route    int
	literal  *ast.FuncLit
	named    *function
	captured *scope
}

// scope is one function's variables; closures see those around them.
type scope struct {
	around *scope
	file   *parsedFile
	names  map[string]value
	// root is the prefix of routers made here: that of where the function's result is mounted.
	root     string
	returned *value
}

type walker struct {
	program *program
	routes  []route
	seen    map[string]bool
	// fields of structs that hold routers, by package and name.
	fields map[string]value
	// walked counts how often each function was.
	walked map[*ast.FuncDecl]int
	// inside are the functions being walked.
	inside map[*ast.FuncDecl]bool
	known  map[string]bool
	depth  int
}

const (
	// deepest call chain that is followed; set-up code is shallow.
	deepest = 60
	// mostWalks of one function: helpers that are called with many texts (loggers) hold no routes.
	mostWalks = 60
)

func readRoutes(p *program) []route {
	w := &walker{
		program: p, routes: []route{}, seen: map[string]bool{}, fields: map[string]value{},
		walked: map[*ast.FuncDecl]int{}, inside: map[*ast.FuncDecl]bool{}, known: map[string]bool{},
	}
	for _, pack := range p.packages {
		if pack.name == "main" {
			w.call(pack.functions["main"], nil, "")
		}
	}
	// What main does not reach by names (interfaces, injected constructors) still is the program's.
	for _, pack := range p.packages {
		for _, file := range pack.files {
			for _, declaration := range file.tree.Decls {
				if d, is := declaration.(*ast.FuncDecl); is && w.walked[d] == 0 {
					w.call(&function{file, d}, nil, "")
				}
			}
		}
	}
	complete := []route{}
	for _, found := range w.routes {
		if found.Path != "" {
			complete = append(complete, found)
		}
	}
	return complete
}

func (s *scope) find(name string) (value, bool) {
	for at := s; at != nil; at = at.around {
		if found, is := at.names[name]; is {
			return found, true
		}
	}
	return value{}, false
}

// set overwrites the variable where it is declared.
func (s *scope) set(name string, to value, declares bool) {
	if !declares {
		for at := s; at != nil; at = at.around {
			if _, is := at.names[name]; is {
				at.names[name] = to
				return
			}
		}
	}
	s.names[name] = to
}

func (s *scope) texts() map[string]string {
	texts := map[string]string{}
	for at := s; at != nil; at = at.around {
		for name, v := range at.names {
			if _, nearer := texts[name]; !nearer && v.kind == aText {
				texts[name] = v.text
			}
		}
	}
	return texts
}

// typed is a parameter's value: what was handed in, else what its type says.
func typed(given value, t ast.Expr, root string) value {
	name := typeName(t)
	switch {
	case given.kind != unknown:
		return given
	case namesRouter(name):
		return value{kind: aRouter, text: root}
	case name == "" || strings.HasSuffix(name, "interface{}"):
		return value{}
	}
	return value{kind: aThing}
}

// call walks a function of the program; the result is what it returns, when that is a router.
func (w *walker) call(f *function, arguments []value, root string) value {
	if f == nil || f.declared.Body == nil || w.depth >= deepest {
		return value{}
	}
	s := &scope{file: f.file, names: map[string]value{}, root: root}
	key := fmt.Sprintf("%d %s", f.declared.Pos(), root)
	index := 0
	for _, field := range f.declared.Type.Params.List {
		for _, name := range field.Names {
			var given value
			if index < len(arguments) {
				given = arguments[index]
			}
			given = typed(given, field.Type, root)
			if given.kind == aRouter || given.kind == aText {
				key += "," + given.text
			}
			s.names[name.Name] = given
			index++
		}
	}
	if w.known[key] {
		return w.fields["result "+key] // once for each set of prefixes is enough
	}
	if w.inside[f.declared] || w.walked[f.declared] >= mostWalks {
		return value{}
	}
	w.walked[f.declared]++
	w.known[key] = true
	w.inside[f.declared] = true
	w.depth++
	defer func() { w.depth--; delete(w.inside, f.declared) }()
	w.block(s, f.declared.Body)
	if s.returned != nil {
		w.fields["result "+key] = *s.returned
		return *s.returned
	}
	return value{}
}

func (w *walker) literal(lit *ast.FuncLit, around *scope, arguments []value, root string) value {
	s := &scope{around: around, file: around.file, names: map[string]value{}, root: root}
	index := 0
	for _, field := range lit.Type.Params.List {
		for _, name := range field.Names {
			var given value
			if index < len(arguments) {
				given = arguments[index]
			}
			given = typed(given, field.Type, root)
			s.names[name.Name] = given
			index++
		}
	}
	w.depth++
	defer func() { w.depth-- }()
	if w.depth < deepest {
		w.block(s, lit.Body)
	}
	if s.returned != nil {
		return *s.returned
	}
	return value{}
}

// block evaluates what stands in a body, in the order of the source.
func (w *walker) block(s *scope, node ast.Node) {
	ast.Inspect(node, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			w.assign(s, n)
			return false
		case *ast.ValueSpec:
			for i, name := range n.Names {
				var given value
				if i < len(n.Values) {
					given = w.eval(s, n.Values[i])
				} else if n.Type != nil && namesRouter(typeName(n.Type)) {
					given = value{kind: aRouter, text: s.root}
				}
				s.set(name.Name, given, true)
			}
			return false
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				given := w.eval(s, result)
				if given.kind == aRouter && s.returned == nil {
					s.returned = &given
				}
			}
			return false
		case *ast.RangeStmt:
			w.eval(s, n.X)
			w.block(s, n.Body)
			return false
		case ast.Expr:
			w.eval(s, n)
			return false
		}
		return true
	})
}

func (w *walker) assign(s *scope, a *ast.AssignStmt) {
	for i, target := range a.Lhs {
		var given value
		switch {
		case len(a.Rhs) == len(a.Lhs):
			given = w.eval(s, a.Rhs[i])
		case i == 0:
			given = w.eval(s, a.Rhs[0])
		}
		switch t := target.(type) {
		case *ast.Ident:
			s.set(t.Name, given, a.Tok == token.DEFINE)
		case *ast.SelectorExpr:
			if given.kind == aRouter {
				w.fields[s.file.pack.importPath+"."+t.Sel.Name] = given
			}
		}
	}
}

func (w *walker) eval(s *scope, expression ast.Expr) value {
	switch e := expression.(type) {
	case *ast.Ident:
		return w.named(s, e)
	case *ast.ParenExpr:
		return w.eval(s, e.X)
	case *ast.StarExpr:
		return w.eval(s, e.X)
	case *ast.UnaryExpr:
		return w.eval(s, e.X)
	case *ast.FuncLit:
		return value{kind: aFunction, literal: e, captured: s}
	case *ast.CallExpr:
		return w.evalCall(s, e)
	case *ast.SelectorExpr:
		return w.selected(s, e)
	case *ast.CompositeLit:
		return w.composite(s, e)
	case *ast.TypeAssertExpr:
		return w.eval(s, e.X)
	}
	if text, known := w.program.text(s.file, expression, s.texts()); known {
		return value{kind: aText, text: text}
	}
	// Anything else may hold calls.
	ast.Inspect(expression, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			w.evalCall(s, call)
			return false
		}
		return true
	})
	return value{}
}

func (w *walker) named(s *scope, name *ast.Ident) value {
	if found, is := s.find(name.Name); is && found.kind != unknown {
		return found
	} else if is && !namesRouter(name.Name) {
		return value{}
	}
	if text, known := s.file.pack.texts[name.Name]; known {
		return value{kind: aText, text: text}
	}
	if f := s.file.pack.functions[name.Name]; f != nil {
		return value{kind: aFunction, named: f}
	}
	if field, is := w.fields[s.file.pack.importPath+"."+name.Name]; is {
		return field
	}
	if namesRouter(name.Name) {
		return value{kind: aRouter, text: s.root, guessed: true}
	}
	return value{}
}

// selected is a field, a variable or function of another package, or a method.
func (w *walker) selected(s *scope, e *ast.SelectorExpr) value {
	if pack := w.program.imported(s.file, e.X); pack != nil {
		if text, known := pack.texts[e.Sel.Name]; known {
			return value{kind: aText, text: text}
		}
		if f := pack.functions[e.Sel.Name]; f != nil {
			return value{kind: aFunction, named: f}
		}
		if field, is := w.fields[pack.importPath+"."+e.Sel.Name]; is {
			return field
		}
		if namesRouter(e.Sel.Name) {
			return value{kind: aRouter, text: s.root, guessed: true}
		}
		return value{}
	}
	if field, is := w.fields[s.file.pack.importPath+"."+e.Sel.Name]; is {
		return field
	}
	if methods := s.file.pack.methods[e.Sel.Name]; len(methods) == 1 {
		return value{kind: aFunction, named: methods[0]}
	}
	if inner := w.eval(s, e.X); inner.kind == aRouter && !namesRouter(e.Sel.Name) {
		return value{kind: aRouter, text: inner.text, guessed: true}
	}
	if namesRouter(e.Sel.Name) {
		return value{kind: aRouter, text: s.root, guessed: true}
	}
	return value{}
}

// composite walks the fields: handlers, commands' functions, routers put into structs.
func (w *walker) composite(s *scope, e *ast.CompositeLit) value {
	for _, element := range e.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			w.run(s, w.eval(s, element))
			continue
		}
		given := w.eval(s, pair.Value)
		if key, is := pair.Key.(*ast.Ident); is && given.kind == aRouter {
			w.fields[s.file.pack.importPath+"."+key.Name] = given
			continue
		}
		w.run(s, given)
	}
	return value{}
}

// run walks a function that is handed on as a value: somebody will call it.
func (w *walker) run(s *scope, given value) {
	switch {
	case given.kind != aFunction:
	case given.literal != nil:
		w.literal(given.literal, given.captured, nil, s.root)
	case given.named != nil:
		w.call(given.named, nil, s.root)
	}
}

var routerName = regexp.MustCompile(`(?i)(router|mux|group|echo|engine|\bapp$|^app$|^r$|^e$|^g$|^rg$|^api$|^v\d$|routes?$|^grp$)`)
var routerType = regexp.MustCompile(`(?i)(router|servemux|\bmux\b|routergroup|\bgroup\b|\becho\b|\bengine\b|fiber\.app|\bapp\b)`)

func namesRouter(name string) bool {
	if strings.ContainsAny(name, ".*") {
		return routerType.MatchString(name)
	}
	return routerName.MatchString(name)
}

// typeName is a type as it is written, `*gin.RouterGroup`; other kinds of types are empty.
func typeName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return "*" + typeName(t.X)
	case *ast.SelectorExpr:
		return typeName(t.X) + "." + t.Sel.Name
	case *ast.Ident:
		return t.Name
	}
	return ""
}
