package main

import (
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// readSettings finds flags, environment variables, addresses and subcommands, package by package, main first.
func readSettings(p *program, found *survey) {
	r := &settingsReader{p, found, map[string]bool{}}
	for _, pack := range p.packages {
		for _, file := range pack.files {
			r.prefixes(file)
		}
	}
	for _, pack := range p.packages {
		for _, file := range pack.files {
			ast.Inspect(file.tree, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					r.call(file, n)
				case *ast.CompositeLit:
					r.composite(file, n)
				case *ast.BasicLit:
					r.literal(n)
				case *ast.TypeSpec:
					if s, is := n.Type.(*ast.StructType); is {
						r.tags(s)
					}
				}
				return true
			})
		}
	}
}

type settingsReader struct {
	program *program
	found   *survey
	seen    map[string]bool
}

func (r *settingsReader) add(kind, name string, fallback *string, at ast.Node) {
	key := kind + " " + name
	if name == "" || r.seen[key] {
		if fallback != nil {
			r.fill(kind, name, fallback)
		}
		return
	}
	r.seen[key] = true
	file, line := r.program.at(at)
	r.found.Settings = append(r.found.Settings, setting{kind, name, fallback, file, line})
}

// fill gives a setting the default that another place of the source shows.
func (r *settingsReader) fill(kind, name string, fallback *string) {
	for i := range r.found.Settings {
		if s := &r.found.Settings[i]; s.Kind == kind && s.Name == name && s.Fallback == nil {
			s.Fallback = fallback
		}
	}
}

// definesFlag matches functions that define a flag of text, number or any value: String, StringVar, IntVarP, Var, Flag.
var definesFlag = regexp.MustCompile(`^(String|Int|Uint|Var|Text|Func|IP|TCPListVar|Flag)\w*$`)

// flagHolder matches what has such functions, by package or variable name.
var flagHolder = regexp.MustCompile(`(?i)(flag|^fs$|flagset|kingpin|^app$|^cmd$|serve)`)

var variableName = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)
var readsVariable = regexp.MustCompile(`(?i)(env|^get$|^lookup$)`)
var listens = regexp.MustCompile(`^(ListenAndServe|ListenAndServeTLS|Listen|Run|Start|StartServer|ListenTLS)$`)
var address = regexp.MustCompile(`^(\[[0-9a-fA-F:]*\]|[\w.*-]*):(\d{2,5})$`)

func (r *settingsReader) call(file *parsedFile, call *ast.CallExpr) {
	selector, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		if name, is := call.Fun.(*ast.Ident); is && readsVariable.MatchString(name.Name) {
			r.variable(file, call)
		}
		return
	}
	name := selector.Sel.Name
	holder := lastName(selector.X)
	switch {
	case listens.MatchString(name):
		r.listen(file, call.Args)
	case definesFlag.MatchString(name) && flagHolder.MatchString(holder) && len(call.Args) >= 2:
		r.flag(file, call, r.dashes(file, selector.X))
	case readsVariable.MatchString(name) && (name != "Get" || strings.Contains(strings.ToLower(holder), "env")):
		r.variable(file, call)
	case name == "SetDefault" && len(call.Args) == 2: // viper
		r.viper(file, call)
	}
}

// lastName is the last identifier of an expression: Flags of cmd.Flags(), flag of flag.
func lastName(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.CallExpr:
		return lastName(e.Fun)
	}
	return ""
}

// dashes are one for the standard library's flags, two for all others.
func (r *settingsReader) dashes(file *parsedFile, holder ast.Expr) string {
	if name, is := holder.(*ast.Ident); is {
		if importPath, imported := file.imports[name.Name]; imported {
			if importPath == "flag" {
				return "-"
			}
			return "--"
		}
	}
	for _, importPath := range file.imports {
		if importPath == "flag" {
			return "-"
		}
	}
	return "--"
}

func (r *settingsReader) flag(file *parsedFile, call *ast.CallExpr, dashes string) {
	texts := []string{}
	known := []bool{}
	for _, argument := range call.Args {
		text, is := r.program.text(file, argument, nil)
		texts, known = append(texts, text), append(known, is)
	}
	at := -1
	for i := range texts {
		if known[i] && isFlagName(texts[i]) {
			at = i
			break
		}
	}
	if at < 0 || at > 1 {
		return
	}
	var fallback *string
	next := at + 1
	if next < len(texts) && known[next] && len(texts[next]) <= 1 && strings.HasSuffix(lastName(call.Fun), "P") {
		next++ // the one-letter form
	}
	// kingpin's second text describes the flag; its default is set by a call of its own.
	if next < len(texts) && known[next] && next < len(texts)-1 {
		fallback = &texts[next]
	}
	if at == 1 && fallback == nil {
		fallback = r.addressIn(file, call.Args[0])
	}
	r.add("flag", dashes+texts[at], fallback, call)
}

var flagName = regexp.MustCompile(`^[a-zA-Z][\w.-]*$`)

func isFlagName(text string) bool { return flagName.MatchString(text) }

// addressIn finds an address in what makes a flag's value: flags.NewURLs(DefaultURL, "").
func (r *settingsReader) addressIn(file *parsedFile, expression ast.Expr) *string {
	var found *string
	ast.Inspect(expression, func(n ast.Node) bool {
		if e, is := n.(ast.Expr); is && found == nil {
			if text, known := r.program.text(file, e, nil); known && strings.Contains(text, ":") {
				found = &text
			}
		}
		return true
	})
	return found
}

func (r *settingsReader) variable(file *parsedFile, call *ast.CallExpr) {
	for i, argument := range call.Args {
		name, known := r.program.text(file, argument, nil)
		if !known || !variableName.MatchString(name) || len(name) < 3 {
			continue
		}
		var fallback *string
		if i+1 < len(call.Args) {
			if text, known := r.program.text(file, call.Args[i+1], nil); known {
				fallback = &text
			}
		}
		r.add("variable", name, fallback, call)
		return
	}
}

func (r *settingsReader) viper(file *parsedFile, call *ast.CallExpr) {
	key, one := r.program.text(file, call.Args[0], nil)
	value, other := r.program.text(file, call.Args[1], nil)
	if !one || !other {
		return
	}
	name := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
	if prefix := file.pack.texts["viper prefix"]; prefix != "" {
		name = strings.ToUpper(prefix) + "_" + name
	}
	r.add("variable", name, &value, call)
}

// prefixes looks for what stands in front of all variables: envconfig.Process("app", &c), viper.SetEnvPrefix("app").
func (r *settingsReader) prefixes(file *parsedFile) {
	ast.Inspect(file.tree, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) == 0 {
			return true
		}
		selector, is := call.Fun.(*ast.SelectorExpr)
		if !is {
			return true
		}
		prefix, known := r.program.text(file, call.Args[0], nil)
		switch {
		case !known:
		case selector.Sel.Name == "SetEnvPrefix":
			file.pack.texts["viper prefix"] = prefix
		case (selector.Sel.Name == "Process" || selector.Sel.Name == "MustProcess") && lastName(selector.X) == "envconfig" && len(call.Args) == 2:
			r.envconfig(file, prefix, call)
		}
		return true
	})
}

// envconfig reads the struct that envconfig.Process(prefix, &c) fills: PREFIX_FIELD, with nested structs' names between.
func (r *settingsReader) envconfig(file *parsedFile, prefix string, call *ast.CallExpr) {
	for name, declared := range file.pack.types {
		if !r.isFilled(file, call, name) {
			continue
		}
		r.envconfigFields(file, declared, strings.ToUpper(prefix), 0)
	}
}

// isFilled says whether the type is the one that is handed to Process, as far as names tell.
func (r *settingsReader) isFilled(file *parsedFile, call *ast.CallExpr, typeName string) bool {
	name := lastName(unaddressed(call.Args[1]))
	matches := false
	ast.Inspect(file.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, target := range n.Lhs {
				if lastName(target) == name && i < len(n.Rhs) {
					if lit, is := unaddressed(n.Rhs[i]).(*ast.CompositeLit); is && lastName(lit.Type) == typeName {
						matches = true
					}
				}
			}
		case *ast.ValueSpec:
			for _, declared := range n.Names {
				if declared.Name == name && n.Type != nil && lastName(n.Type) == typeName {
					matches = true
				}
			}
		}
		return !matches
	})
	return matches
}

func unaddressed(expression ast.Expr) ast.Expr {
	if u, is := expression.(*ast.UnaryExpr); is && u.Op == token.AND {
		return u.X
	}
	return expression
}

const deepestStruct = 5

func (r *settingsReader) envconfigFields(file *parsedFile, s *ast.StructType, prefix string, depth int) {
	if depth > deepestStruct {
		return
	}
	for _, field := range s.Fields.List {
		tag := tagOf(field)
		for _, name := range field.Names {
			own := name.Name
			if given := tag.Get("envconfig"); given != "" {
				own = given
			}
			full := strings.ToUpper(own)
			if prefix != "" {
				full = prefix + "_" + full
			}
			if inner, is := file.pack.types[lastName(field.Type)]; is {
				r.envconfigFields(file, inner, full, depth+1)
				continue
			}
			var fallback *string
			if text, is := tag.Lookup("default"); is {
				fallback = &text
			}
			r.add("variable", full, fallback, field)
		}
	}
}

func tagOf(field *ast.Field) reflect.StructTag {
	if field.Tag == nil {
		return ""
	}
	text, _ := strconv.Unquote(field.Tag.Value)
	return reflect.StructTag(text)
}

// tags reads `env:"PORT" envDefault:"8080"`, `long:"port" default:"8080"` and their relatives.
func (r *settingsReader) tags(s *ast.StructType) {
	for _, field := range s.Fields.List {
		tag := tagOf(field)
		if tag == "" {
			continue
		}
		var fallback *string
		for _, key := range []string{"envDefault", "env-default", "default"} {
			if text, is := tag.Lookup(key); is {
				fallback = &text
				break
			}
		}
		if name, _, _ := strings.Cut(tag.Get("env"), ","); variableName.MatchString(name) {
			r.add("variable", name, fallback, field)
		}
		if name := tag.Get("long"); isFlagName(name) { // go-flags
			r.add("flag", "--"+name, fallback, field)
		}
		if name, _, _ := strings.Cut(tag.Get("arg"), ","); strings.HasPrefix(name, "--") { // go-arg
			r.add("flag", name, fallback, field)
		}
	}
}

// composite reads flags and commands of urfave/cli and cobra, and the address of an http.Server.
func (r *settingsReader) composite(file *parsedFile, lit *ast.CompositeLit) {
	fields := map[string]ast.Expr{}
	for _, element := range lit.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			if key, is := pair.Key.(*ast.Ident); is {
				fields[key.Name] = pair.Value
			}
		}
	}
	text := func(name string) (string, bool) {
		if fields[name] == nil {
			return "", false
		}
		return r.program.text(file, fields[name], nil)
	}
	typeName := lastName(lit.Type)
	switch {
	case typeName == "Command":
		use, known := text("Use")
		if !known {
			use, known = text("Name")
		}
		if known {
			word, _, _ := strings.Cut(use, " ")
			r.found.Commands = append(r.found.Commands, word)
		}
	case strings.HasSuffix(typeName, "Flag"):
		name, known := text("Name")
		if !known || !isFlagName(name) {
			return
		}
		var fallback *string
		if value, known := text("Value"); known {
			fallback = &value
		}
		r.add("flag", "--"+name, fallback, lit)
	case fields["Addr"] != nil:
		r.listen(file, []ast.Expr{fields["Addr"]})
	}
}

func (r *settingsReader) listen(file *parsedFile, arguments []ast.Expr) {
	for _, argument := range arguments {
		text, known := r.program.text(file, argument, nil)
		if known && address.MatchString(text) {
			where, line := r.program.at(argument)
			r.found.Listens = append(r.found.Listens, listener{text, where, line})
		}
	}
}

var longVariable = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)
var aboutAddress = regexp.MustCompile(`PORT|ADDR|LISTEN|BIND|HOST`)

// literal takes texts that look like the name of a variable about an address: services keep such names in tables.
func (r *settingsReader) literal(lit *ast.BasicLit) {
	text, known := literal(lit)
	if known && lit.Kind == token.STRING && longVariable.MatchString(text) && aboutAddress.MatchString(text) {
		r.add("variable", text, nil, lit)
	}
}
