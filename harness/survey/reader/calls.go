package main

import (
	"go/ast"
	"regexp"
	"strings"
)

// makesRouter matches constructors of other modules: chi.NewRouter, gin.Default, echo.New, fiber.New, http.NewServeMux.
var makesRouter = regexp.MustCompile(`^(New|Default|Classic|New\w*(Router|Mux|ServeMux|Engine|App))$`)

// routerModule matches the import paths of what makes routers by a bare New.
var routerModule = regexp.MustCompile(`(?i)(gin-gonic/gin|labstack/echo|gofiber/fiber|go-chi/chi|gorilla/mux|httprouter|bunrouter|fasthttp/router|/mux|router|net/http$|goji|iris|beego|huma|negroni|treemux|httptreemux)`)

// methodOf is the HTTP method of a router's function, such as GET, Get, GETX; empty: any.
var methodOf = map[string]string{
	"GET": "GET", "Get": "GET", "POST": "POST", "Post": "POST", "PUT": "PUT", "Put": "PUT", "PATCH": "PATCH", "Patch": "PATCH",
	"DELETE": "DELETE", "Delete": "DELETE", "HEAD": "HEAD", "Head": "HEAD", "OPTIONS": "OPTIONS", "Options": "OPTIONS",
	"Any": "", "All": "", "HandleFunc": "", "HandlerFunc": "", "Handle": "", "Handler": "",
}

var isMethod = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE)$`)

func (w *walker) evalCall(s *scope, call *ast.CallExpr) value {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		return w.evalSelectorCall(s, call, f)
	case *ast.Ident:
		if held, is := s.find(f.Name); is && held.kind == aFunction {
			return w.callValue(s, held, call)
		}
		if declared := s.file.pack.functions[f.Name]; declared != nil {
			return w.call(declared, w.arguments(s, call), s.root)
		}
	case *ast.FuncLit:
		return w.literal(f, s, w.arguments(s, call), s.root)
	case *ast.IndexExpr: // a generic function with its type arguments
		return w.evalCall(s, &ast.CallExpr{Fun: f.X, Args: call.Args, Lparen: call.Lparen, Rparen: call.Rparen})
	}
	return w.passedThrough(s, call)
}

func (w *walker) arguments(s *scope, call *ast.CallExpr) []value {
	given := []value{}
	for _, argument := range call.Args {
		given = append(given, w.eval(s, argument))
	}
	return given
}

func (w *walker) callValue(s *scope, held value, call *ast.CallExpr) value {
	arguments := w.arguments(s, call)
	if held.literal != nil {
		return w.literal(held.literal, held.captured, arguments, s.root)
	}
	return w.call(held.named, arguments, s.root)
}

// passedThrough walks the arguments of a call to foreign code. Middleware gives back what it was handed.
func (w *walker) passedThrough(s *scope, call *ast.CallExpr) value {
	var through value
	for _, given := range w.arguments(s, call) {
		if given.kind == aRouter && through.kind == unknown {
			through = given
		}
		w.run(s, given)
	}
	if text, known := w.program.text(s.file, call, s.texts()); known {
		return value{kind: aText, text: text}
	}
	return through
}

func (w *walker) evalSelectorCall(s *scope, call *ast.CallExpr, f *ast.SelectorExpr) value {
	name := f.Sel.Name
	if x, is := f.X.(*ast.Ident); is {
		if _, shadowed := s.find(x.Name); !shadowed {
			if importPath, imported := s.file.imports[x.Name]; imported {
				return w.packageCall(s, call, importPath, name)
			}
		}
	}
	on := w.eval(s, f.X)
	switch on.kind {
	case aRouter:
		if result, is := w.routerCall(s, call, on, name); is {
			return result
		}
	case aRoute:
		return w.routeCall(s, call, on, name)
	}
	// A method of the program: of this package first, else of the only package that has one of that name.
	if methods := w.methodsNamed(s.file.pack, name); len(methods) > 0 {
		arguments := w.arguments(s, call)
		var result value
		for _, method := range methods {
			if got := w.call(method, arguments, s.root); got.kind != unknown {
				result = got
			}
		}
		return result
	}
	if result := w.passedThrough(s, call); result.kind != unknown {
		return result
	}
	if on.kind == aRouter {
		return on // Use, With and other things that give the router back
	}
	return value{}
}

// mostSameName is how many methods of one name are tried.
const mostSameName = 6

func (w *walker) methodsNamed(here *parsedPackage, name string) []*function {
	if own := here.methods[name]; len(own) > 0 && len(own) <= mostSameName {
		return own
	}
	found := []*function{}
	for _, pack := range w.program.packages {
		found = append(found, pack.methods[name]...)
	}
	if len(found) <= mostSameName {
		return found
	}
	return nil
}

func (w *walker) packageCall(s *scope, call *ast.CallExpr, importPath, name string) value {
	if pack := w.program.byPath[importPath]; pack != nil {
		if f := pack.functions[name]; f != nil {
			return w.call(f, w.arguments(s, call), s.root)
		}
		return w.passedThrough(s, call)
	}
	if importPath == "net/http" {
		switch name {
		case "Handle", "HandleFunc":
			result, _ := w.routerCall(s, call, value{kind: aRouter, text: s.root}, name)
			return result
		case "StripPrefix":
			return w.stripped(s, call)
		}
	}
	if makesRouter.MatchString(name) && (routerModule.MatchString(importPath) || name != "New") {
		w.arguments(s, call)
		return value{kind: aRouter, text: s.root}
	}
	return w.passedThrough(s, call)
}

// stripped is http.StripPrefix("/api", mux): what mux answers stands below what is stripped.
func (w *walker) stripped(s *scope, call *ast.CallExpr) value {
	if len(call.Args) != 2 {
		return value{}
	}
	prefix, _ := w.program.text(s.file, call.Args[0], s.texts())
	w.mount(s, call.Args[1], strings.TrimSuffix(s.root, "/")+prefix)
	return value{}
}

// mount evaluates what makes a router with the prefix under which it is mounted. A router that was filled before it is
// mounted gets its prefix afterwards.
func (w *walker) mount(s *scope, expression ast.Expr, prefix string) {
	inner := &scope{around: s, file: s.file, names: map[string]value{}, root: prefix}
	before := len(w.routes)
	held := w.eval(inner, expression)
	if held.kind == aFunction {
		w.run(inner, held)
	}
	if held.kind != aRouter || len(w.routes) != before {
		return
	}
	if name, is := expression.(*ast.Ident); is && held.text == s.root {
		s.set(name.Name, value{kind: aRouter, text: prefix}, false) // what is put on it from here on
	}
	for i := range w.routes {
		if w.routes[i].Path != "" && held.text == "" && w.filledBy(i, expression) {
			w.routes[i].Path = join(prefix, w.routes[i].Path)
		}
	}
}

// filledBy says whether a route was put on the variable that is mounted: known for variables of the same file only.
func (w *walker) filledBy(index int, expression ast.Expr) bool {
	name, is := expression.(*ast.Ident)
	file, line := w.program.at(expression)
	found := w.routes[index]
	return is && found.File == file && found.Line < line && found.owner == name.Name
}

// text of the first argument that is one, and its place among the arguments.
func (w *walker) firstText(s *scope, call *ast.CallExpr) (string, int) {
	for i, argument := range call.Args {
		if text, known := w.program.text(s.file, argument, s.texts()); known {
			return text, i
		}
	}
	return "", -1
}

func (w *walker) routerCall(s *scope, call *ast.CallExpr, on value, name string) (value, bool) {
	text, at := w.firstText(s, call)
	switch name {
	case "Group", "Route", "Party", "Mount", "PathPrefix", "Path", "Namespace", "Subgroup":
		prefix := on.text
		if at >= 0 {
			prefix = join(on.text, text)
		}
		return w.grouped(s, call, on, name, prefix), true
	case "Subrouter", "With", "Use", "NewRoute", "Host", "Schemes", "StrictSlash", "UseEncodedPath", "SkipClean":
		for _, given := range w.arguments(s, call) {
			if given.kind == aFunction && name == "With" {
				w.run(s, given)
			}
		}
		return on, true
	case "Match", "Add", "Method", "MethodFunc", "Handle", "HandlerFunc", "HandleContext", "MethodHandler":
		if route, is := w.withMethods(s, call, on); is {
			return route, true
		}
	}
	method, is := methodOf[name]
	if !is || at < 0 {
		return value{}, false
	}
	if on.guessed && !strings.Contains(text, "/") {
		return value{}, false // r.Get("Authorization") of something else that is called r
	}
	if before, after, cut := strings.Cut(text, " "); cut && isMethod.MatchString(before) {
		method, text = before, strings.TrimSpace(after)
	}
	// net/http patterns may name a host.
	if slash := strings.Index(text, "/"); slash > 0 && (name == "Handle" || name == "HandleFunc") && strings.Contains(text[:slash], ".") {
		text = text[slash:]
	}
	if strings.HasSuffix(text, "/") && (name == "Handle" || name == "Mount") {
		w.handed(s, call, at, strings.TrimSuffix(join(on.text, text), "/"))
	} else {
		w.handed(s, call, at, "")
	}
	return w.add(s, call, method, join(on.text, text)), true
}

// handed walks the handlers of a route; a router among them is mounted there.
func (w *walker) handed(s *scope, call *ast.CallExpr, from int, mounted string) {
	for _, argument := range call.Args[from+1:] {
		if mounted != "" {
			if inner, is := argument.(*ast.CallExpr); is && isStripPrefix(inner) {
				w.eval(s, argument)
				continue
			}
		}
		given := w.eval(s, argument)
		if given.kind == aFunction {
			w.run(s, given)
		}
	}
}

func isStripPrefix(call *ast.CallExpr) bool {
	selector, is := call.Fun.(*ast.SelectorExpr)
	return is && selector.Sel.Name == "StripPrefix"
}

// grouped is a router below another, or the callback and the mounted router that go below it.
func (w *walker) grouped(s *scope, call *ast.CallExpr, on value, name, prefix string) value {
	below := value{kind: aRouter, text: prefix}
	for _, argument := range call.Args {
		switch inner := argument.(type) {
		case *ast.FuncLit:
			w.literal(inner, s, []value{below}, prefix)
			continue
		case *ast.BasicLit:
			continue
		}
		if name == "Mount" {
			w.mount(s, argument, prefix)
			continue
		}
		given := w.eval(s, argument)
		if given.kind == aFunction && given.named != nil && takesRouter(given.named) {
			w.call(given.named, []value{below}, prefix)
		}
	}
	if name == "Path" || name == "PathPrefix" {
		// gorilla/mux: a route until Subrouter makes a router of it.
		return value{kind: aRoute, text: prefix, route: -1}
	}
	return below
}

func takesRouter(f *function) bool {
	for _, field := range f.declared.Type.Params.List {
		if namesRouter(typeName(field.Type)) {
			return true
		}
	}
	return false
}

// withMethods are the forms that name the method by an argument: ("GET", "/p", h), ([]string{"GET", "HEAD"}, "/p", h).
func (w *walker) withMethods(s *scope, call *ast.CallExpr, on value) (value, bool) {
	if len(call.Args) < 2 {
		return value{}, false
	}
	methods := []string{}
	if list, is := call.Args[0].(*ast.CompositeLit); is {
		for _, element := range list.Elts {
			methods = append(methods, w.methodName(s, element))
		}
	} else {
		methods = append(methods, w.methodName(s, call.Args[0]))
	}
	if len(methods) == 0 || methods[0] == "" {
		return value{}, false
	}
	path, known := w.program.text(s.file, call.Args[1], s.texts())
	if !known {
		return value{}, false
	}
	w.handed(s, call, 1, "")
	method := methods[0]
	for _, each := range methods {
		if each == "GET" {
			method = each
		}
	}
	return w.add(s, call, method, join(on.text, path)), true
}

// methodName of "GET", http.MethodGet, fiber.MethodGet.
func (w *walker) methodName(s *scope, expression ast.Expr) string {
	if selector, is := expression.(*ast.SelectorExpr); is {
		if name, is := strings.CutPrefix(selector.Sel.Name, "Method"); is && isMethod.MatchString(strings.ToUpper(name)) {
			return strings.ToUpper(name)
		}
		if isMethod.MatchString(selector.Sel.Name) { // echo.GET
			return selector.Sel.Name
		}
	}
	if text, known := w.program.text(s.file, expression, s.texts()); known && isMethod.MatchString(strings.ToUpper(text)) {
		return strings.ToUpper(text)
	}
	return ""
}

// routeCall goes on with a route of gorilla/mux: .Methods("GET"), .Path("/x"), .Handler(h), .Subrouter().
func (w *walker) routeCall(s *scope, call *ast.CallExpr, on value, name string) value {
	switch name {
	case "Subrouter":
		return value{kind: aRouter, text: on.text}
	case "Methods":
		for _, argument := range call.Args {
			if method := w.methodName(s, argument); method != "" && on.route >= 0 {
				if w.routes[on.route].Method == "" || method == "GET" {
					w.routes[on.route].Method = method
				}
			}
		}
		return on
	case "Path", "PathPrefix":
		if text, at := w.firstText(s, call); at >= 0 {
			on.text = join(on.text, text)
		}
		return on
	case "Handler", "HandlerFunc":
		for _, argument := range call.Args {
			if inner, is := argument.(*ast.CallExpr); is && isStripPrefix(inner) {
				w.eval(s, argument)
				continue
			}
			w.run(s, w.eval(s, argument))
		}
		if on.route < 0 {
			return w.add(s, call, "", on.text)
		}
	}
	return on
}

func (w *walker) add(s *scope, call *ast.CallExpr, method, path string) value {
	file, line := w.program.at(call)
	if path == "" {
		path = "/"
	}
	index := len(w.routes)
	key := method + " " + path
	if w.seen[key] {
		return value{kind: aRoute, text: path, route: -1}
	}
	if method != "" {
		w.seen[key] = true
	}
	w.routes = append(w.routes, route{Method: method, Path: path, File: file, Line: line, owner: ownerOf(call)})
	return value{kind: aRoute, text: path, route: index}
}

// ownerOf is the variable whose method the call is.
func ownerOf(call *ast.CallExpr) string {
	if selector, is := call.Fun.(*ast.SelectorExpr); is {
		if name, is := selector.X.(*ast.Ident); is {
			return name.Name
		}
	}
	return ""
}

// join puts one slash between a prefix and a path; `g.GET("version")` answers /version. A path may be empty.
func join(prefix, path string) string {
	if path == "" {
		return prefix
	}
	joined := strings.TrimSuffix(prefix, "/") + "/" + strings.TrimPrefix(path, "/")
	return joined
}
