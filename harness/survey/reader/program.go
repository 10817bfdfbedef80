package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// program is the parsed source. Files that do not parse are left out.
type program struct {
	set      *token.FileSet
	packages []*parsedPackage
	byPath   map[string]*parsedPackage
}

type parsedPackage struct {
	importPath string
	name       string
	files      []*parsedFile
	functions  map[string]*function
	methods    map[string][]*function
	// texts are package-level constants and variables that are text or numbers.
	texts map[string]string
	// types are declared struct types.
	types map[string]*ast.StructType
}

type parsedFile struct {
	pack    *parsedPackage
	tree    *ast.File
	imports map[string]string // local name → import path
}

type function struct {
	file     *parsedFile
	declared *ast.FuncDecl
}

var majorVersion = regexp.MustCompile(`^v\d+$`)

// localName is what an import without a name is called in the file: the last element that is no major version.
func localName(importPath string) string {
	name := path.Base(importPath)
	if majorVersion.MatchString(name) {
		name = path.Base(path.Dir(importPath))
	}
	if base, _, cut := strings.Cut(name, ".v"); cut {
		name = base
	}
	return strings.TrimPrefix(name, "go-")
}

func parse(packages []sourcePackage) *program {
	p := &program{set: token.NewFileSet(), byPath: map[string]*parsedPackage{}}
	for _, given := range packages {
		pack := &parsedPackage{
			importPath: given.ImportPath, name: given.Name,
			functions: map[string]*function{}, methods: map[string][]*function{},
			texts: map[string]string{}, types: map[string]*ast.StructType{},
		}
		for _, name := range given.Files {
			tree, err := parser.ParseFile(p.set, filepath.Join(given.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				continue
			}
			pack.add(tree)
		}
		p.packages = append(p.packages, pack)
		p.byPath[given.ImportPath] = pack
	}
	// Twice, since constants may be made of others that stand further down.
	for range 2 {
		for _, pack := range p.packages {
			for _, file := range pack.files {
				p.readTexts(file)
			}
		}
	}
	return p
}

func (pack *parsedPackage) add(tree *ast.File) {
	file := &parsedFile{pack: pack, tree: tree, imports: map[string]string{}}
	for _, spec := range tree.Imports {
		importPath, _ := strconv.Unquote(spec.Path.Value)
		name := localName(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		file.imports[name] = importPath
	}
	pack.files = append(pack.files, file)
	for _, declaration := range tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				pack.functions[d.Name.Name] = &function{file, d}
			} else {
				pack.methods[d.Name.Name] = append(pack.methods[d.Name.Name], &function{file, d})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if t, is := spec.(*ast.TypeSpec); is {
					if s, is := t.Type.(*ast.StructType); is {
						pack.types[t.Name.Name] = s
					}
				}
			}
		}
	}
}

func (p *program) readTexts(file *parsedFile) {
	for _, declaration := range file.tree.Decls {
		general, is := declaration.(*ast.GenDecl)
		if !is {
			continue
		}
		for _, spec := range general.Specs {
			values, is := spec.(*ast.ValueSpec)
			if !is {
				continue
			}
			for i, name := range values.Names {
				if i >= len(values.Values) {
					break
				}
				if text, known := p.text(file, values.Values[i], nil); known {
					file.pack.texts[name.Name] = text
				}
			}
		}
	}
}

// text folds what is text or a number in the source: literals, constants, sums, Sprintf of known values, path.Join.
// local holds the texts of the function at hand.
func (p *program) text(file *parsedFile, expression ast.Expr, local map[string]string) (string, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.ParenExpr:
		return p.text(file, e.X, local)
	case *ast.Ident:
		if text, known := local[e.Name]; known {
			return text, true
		}
		text, known := file.pack.texts[e.Name]
		return text, known
	case *ast.SelectorExpr:
		if pack := p.imported(file, e.X); pack != nil {
			text, known := pack.texts[e.Sel.Name]
			return text, known
		}
	case *ast.BinaryExpr:
		left, one := p.text(file, e.X, local)
		right, other := p.text(file, e.Y, local)
		return left + right, one && other && e.Op == token.ADD
	case *ast.CallExpr:
		return p.calledText(file, e, local)
	}
	return "", false
}

func literal(lit *ast.BasicLit) (string, bool) {
	switch lit.Kind {
	case token.STRING:
		text, err := strconv.Unquote(lit.Value)
		return text, err == nil
	case token.INT:
		return strings.ReplaceAll(lit.Value, "_", ""), true
	}
	return "", false
}

// calledText knows path.Join, and functions that are handed one text and are likely to give it back in some form
// (prefixers, conversions): wrong guesses are found by asking the service.
func (p *program) calledText(file *parsedFile, call *ast.CallExpr, local map[string]string) (string, bool) {
	texts := []string{}
	for _, argument := range call.Args {
		text, known := p.text(file, argument, local)
		if !known {
			return "", false
		}
		texts = append(texts, text)
	}
	if selector, is := call.Fun.(*ast.SelectorExpr); is {
		name := selector.Sel.Name
		if name == "Join" || name == "JoinPath" {
			return path.Join(texts...), true
		}
		if name == "Sprintf" {
			return sprintf(texts)
		}
	}
	if len(texts) == 1 {
		return texts[0], true
	}
	return "", false
}

var verb = regexp.MustCompile(`%[+#]?[sdvq]`)

func sprintf(texts []string) (string, bool) {
	if len(texts) == 0 {
		return "", false
	}
	rest := texts[1:]
	filled := verb.ReplaceAllStringFunc(texts[0], func(string) string {
		if len(rest) == 0 {
			return ""
		}
		next := rest[0]
		rest = rest[1:]
		return next
	})
	return filled, len(rest) == 0
}

// imported is the package of the program that the identifier names; nil for others.
func (p *program) imported(file *parsedFile, expression ast.Expr) *parsedPackage {
	name, is := expression.(*ast.Ident)
	if !is {
		return nil
	}
	return p.byPath[file.imports[name.Name]]
}

func (p *program) at(node ast.Node) (string, int) {
	position := p.set.Position(node.Pos())
	return position.Filename, position.Line
}
