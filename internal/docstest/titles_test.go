package docstest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// titleReader collects the titles of diagnostics from source: what is given as the parameter
// "summary" of any function of the framework's package diag. A title may come from constants,
// variables, fields, and parameters of the packages' own helpers.
type titleReader struct {
	TypesInfo *types.Info
	Fset      *token.FileSet

	given    map[types.Object][]ast.Expr // for a parameter, a variable or a field
	titles   map[string]string           // where each one is first
	problems []error
}

func readTitles(t *testing.T) (titles map[string]string, problem error) {
	t.Helper()
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Context: t.Context()}, "../provider/...")
	if err != nil || len(loaded) == 0 {
		t.Fatalf("%v %v", loaded, err)
	}
	r := &titleReader{
		TypesInfo: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
		Fset:      loaded[0].Fset,
		given:     map[types.Object][]ast.Expr{}, titles: map[string]string{},
	}
	for _, pkg := range loaded {
		if len(pkg.Errors) > 0 {
			t.Fatalf("%s: %v", pkg, pkg.Errors)
		}
		maps.Copy(r.TypesInfo.Types, pkg.TypesInfo.Types)
		maps.Copy(r.TypesInfo.Defs, pkg.TypesInfo.Defs)
		maps.Copy(r.TypesInfo.Uses, pkg.TypesInfo.Uses)
	}
	for _, pkg := range loaded {
		for _, file := range pkg.Syntax {
			ast.Inspect(file, r.noteValues)
		}
	}
	for parameter, given := range r.given {
		if parameter.Name() == "summary" && inDiag(parameter) {
			for _, argument := range given {
				r.add(argument)
			}
		}
	}
	return r.titles, errors.Join(r.problems...)
}

// noteValues notes what a node gives to parameters, variables and fields.
func (r *titleReader) noteValues(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.CallExpr:
		signature, ok := r.TypesInfo.TypeOf(n.Fun).(*types.Signature)
		if !ok {
			break
		}
		if callee, ok := r.callee(n); ok {
			signature = callee.Origin().Signature() // of a generic function, the parameters as it is written
		}
		for i := range min(signature.Params().Len(), len(n.Args)) {
			parameter := signature.Params().At(i)
			r.given[parameter] = append(r.given[parameter], n.Args[i])
		}
	case *ast.AssignStmt:
		if len(n.Lhs) == len(n.Rhs) {
			for i, to := range n.Lhs {
				r.noteValue(to, n.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i, value := range n.Values {
			r.noteValue(n.Names[i], value)
		}
	case *ast.CompositeLit:
		object, ok := r.TypesInfo.TypeOf(n).Underlying().(*types.Struct)
		for i, element := range n.Elts {
			if pair, isPair := element.(*ast.KeyValueExpr); isPair && ok {
				r.noteValue(pair.Key, pair.Value)
			} else if ok {
				r.given[object.Field(i)] = append(r.given[object.Field(i)], element)
			}
		}
	}
	return true
}

func (r *titleReader) noteValue(to, value ast.Expr) {
	if object := r.object(to); object != nil {
		r.given[object] = append(r.given[object], value)
	}
}

// object is the variable or field that an expression names.
func (r *titleReader) object(e ast.Expr) types.Object {
	switch e := e.(type) {
	case *ast.Ident:
		return r.TypesInfo.ObjectOf(e)
	case *ast.SelectorExpr:
		return r.TypesInfo.ObjectOf(e.Sel)
	}
	return nil
}

func (r *titleReader) callee(call *ast.CallExpr) (*types.Func, bool) {
	f, ok := r.object(ast.Unparen(call.Fun)).(*types.Func)
	return f, ok
}

func inDiag(object types.Object) bool {
	return object.Pkg() != nil && strings.HasSuffix(object.Pkg().Path(), "terraform-plugin-framework/diag")
}

func (r *titleReader) add(e ast.Expr) {
	found, err := r.read(e, nil)
	if err != nil {
		r.problems = append(r.problems, fmt.Errorf("%s: %w", r.Fset.Position(e.Pos()), err))
	}
	for _, title := range found {
		r.titles[title] = r.Fset.Position(e.Pos()).String()
	}
}

// read returns what an expression may be. "through" are the variables on the way to it.
func (r *titleReader) read(e ast.Expr, through []types.Object) ([]string, error) {
	e = ast.Unparen(e)
	if value := r.TypesInfo.Types[e].Value; value != nil {
		return []string{constant.StringVal(value)}, nil
	}
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		left, leftErr := r.read(sum.X, through)
		right, rightErr := r.read(sum.Y, through)
		var sums []string
		for _, l := range left {
			for _, r := range right {
				sums = append(sums, l+r)
			}
		}
		return sums, errors.Join(leftErr, rightErr)
	}
	if call, ok := e.(*ast.CallExpr); ok {
		// The title of another diagnostic is found where that one is made.
		if callee, ok := r.callee(call); ok && callee.Name() == "Summary" && inDiag(callee) {
			return nil, nil
		}
	}
	object := r.object(e)
	given := r.given[object]
	if object == nil || len(given) == 0 {
		return nil, fmt.Errorf("this title cannot be read from the source: %T", e)
	}
	if slices.Contains(through, object) {
		return nil, nil
	}
	var found []string
	var problems []error
	for _, value := range given {
		values, err := r.read(value, append(slices.Clone(through), object))
		found, problems = append(found, values...), append(problems, err)
	}
	return found, errors.Join(problems...)
}

// The guide on troubleshooting names every title once, and nothing else in bold in that list.
func TestGuides_troubleshootingIsComplete(t *testing.T) {
	t.Parallel()
	titles, err := readTitles(t)
	if err != nil {
		t.Fatal(err)
	}
	if len(titles) < 80 {
		t.Errorf("only %d titles were found", len(titles))
	}
	for _, problem := range compareTitles(titles, guides(t)["troubleshooting"]) {
		t.Error(problem)
	}
}

func TestGuides_troubleshootingCatches(t *testing.T) {
	t.Parallel()
	titles := map[string]string{"Unable to Read": "a.go:1", "Not Found": "b.go:2"}
	const head, read, found = "**Bold** text.\n\n## Every Title\n\n### A Group\n\n", "- **Unable to Read**\n", "- **Not Found**: it is gone.\n"
	for guide, want := range map[string]string{
		head + read + found: "",
		head + "- **Not Found**,\n  **Unable to Read**: both on one line.\n": "",
		head + read:                            `the guide does not name "Not Found", the title of b.go:2`,
		head + read + found + "- **Gone**: No": `the guide names "Gone", which is no diagnostic's title`,
		head + read + found + read:             `the guide names "Unable to Read" twice`,
		read + found:                           `the guide has no list of titles`,
	} {
		if got := strings.Join(compareTitles(titles, guide), "\n"); got != want {
			t.Errorf("%q: %q, want %q", guide, got, want)
		}
	}
}

var bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)

// compareTitles says where the guide's list of titles is not that of the source.
func compareTitles(titles map[string]string, guide string) (problems []string) {
	_, list, found := strings.Cut(guide, "## Every Title\n")
	if !found {
		return []string{"the guide has no list of titles"}
	}
	named := map[string]bool{}
	for _, match := range bold.FindAllStringSubmatch(list, -1) {
		title := match[1]
		switch {
		case named[title]:
			problems = append(problems, fmt.Sprintf("the guide names %q twice", title))
		case titles[title] == "":
			problems = append(problems, fmt.Sprintf("the guide names %q, which is no diagnostic's title", title))
		}
		named[title] = true
	}
	for _, title := range slices.Sorted(maps.Keys(titles)) {
		if !named[title] {
			problems = append(problems, fmt.Sprintf("the guide does not name %q, the title of %s", title, titles[title]))
		}
	}
	return problems
}
