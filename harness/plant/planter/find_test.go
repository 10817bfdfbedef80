package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// parameters gives a method type parameters of its own, which parsers before Go 1.27 refuse in source text.
func parameters(function *ast.FuncDecl) {
	function.Type.TypeParams = &ast.FieldList{List: []*ast.Field{
		{Names: []*ast.Ident{ast.NewIdent("U")}, Type: ast.NewIdent("any")},
	}}
}

func TestNamesHoldTypeParametersOfReceiverAndFunctionAlike(t *testing.T) {
	const source = `package p
func Plain() {}
func Own[T any]() {}
func (s Store) Value() {}
func (s *Store) Pointer() {}
func (s Pair[K, V]) Value() {}
func (s *Pair[K, V]) Pointer() {}
`
	tests := []struct{ plain, generic string }{
		{"Plain", "Plain[...]"},
		{"Own[...]", "Own[...]"},
		{"Store.Value", "Store.Value[...]"},
		{"(*Store).Pointer", "(*Store).Pointer[...]"},
		{"Pair[...].Value", "Pair[...].Value[...]"},
		{"(*Pair[...]).Pointer", "(*Pair[...]).Pointer[...]"},
	}
	tree, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for index, test := range tests {
		function := tree.Decls[index].(*ast.FuncDecl)
		if name := typedName(function); name != test.plain {
			t.Errorf("%q, want %q", name, test.plain)
		}
		parameters(function)
		if name := typedName(function); name != test.generic {
			t.Errorf("with parameters of its own %q, want %q", name, test.generic)
		}
	}
}
