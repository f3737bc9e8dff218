package check

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const teapot = http.StatusTeapot // which no rule wants

var writing = []string{"-write", "-yes"}

// checkBroken checks a service that changes its answers.
func checkBroken(t *testing.T, change func(*exchange), args ...string) result {
	t.Helper()
	server := populated(t)
	url, _ := startBroken(t, server, change)
	r := check(t, t.Context(), url, server, args...)
	leaks(t, server, r.report)
	return r
}

// All refusals are swapped at once, since no other rule needs them.
func TestEachSwappedRefusalIsFound(t *testing.T) {
	t.Parallel()
	r := checkBroken(t, func(e *exchange) {
		if e.status >= 400 {
			e.status = teapot
		}
	}, writing...)
	tried := 0
	for _, l := range r.lines {
		if regexp.MustCompile(`: 4\d\d$`).MatchString(l.rule) {
			tried++
			if l.outcome != differs {
				t.Errorf("not found: %s %s: %s", l.operation, l.rule, l.outcome)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d rules want a refusal", tried)
	}
}

// Each success that a rule wants is swapped while this rule is checked. Nothing is left after that.
func TestEachSwappedSuccessIsFound(t *testing.T) {
	t.Parallel()
	good := checkBroken(t, nil, writing...)
	tried := 0
	for i, l := range good.lines {
		if !regexp.MustCompile(`: 20\d$`).MatchString(l.rule) {
			continue
		}
		tried++
		ctx, stop := context.WithCancel(t.Context())
		server := populated(t)
		before := export(t, server)
		var lines atomic.Int64
		url, _ := startBroken(t, server, func(e *exchange) {
			if lines.Load() == int64(i) {
				e.status = teapot
			}
		})
		server.seen = func(line) {
			if lines.Add(1) > int64(i) {
				stop()
			}
		}
		r := check(t, ctx, url, server, writing...)
		stop()
		if is := r.lines[i]; is.rule != l.rule || is.outcome != differs {
			t.Errorf("not found: %s %s: %s", l.operation, l.rule, is.outcome)
		}
		if after := export(t, server); after != before {
			t.Errorf("%s %s: the organization has changed:\n%s\n%s", l.operation, l.rule, before, after)
		}
	}
	if tried < 45 {
		t.Errorf("only %d rules want a success", tried)
	}
}

// requiredIn returns the paths of all required properties of a schema. An element of a list is "*".
func requiredIn(schema *openapi3.Schema) (paths [][]string) {
	for _, name := range schema.Required {
		paths = append(paths, []string{name})
	}
	for _, part := range schema.AllOf {
		paths = append(paths, requiredIn(part.Value)...)
	}
	below := func(name string, ref *openapi3.SchemaRef) {
		if ref != nil {
			for _, path := range requiredIn(ref.Value) {
				paths = append(paths, append([]string{name}, path...))
			}
		}
	}
	below("*", schema.Items)
	for name, property := range schema.Properties {
		below(name, property)
	}
	return paths
}

// drop removes a property, and reports whether it was there.
func drop(value any, path []string) (dropped bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			dropped = drop(item, path[1:]) || dropped
		}
	case map[string]any:
		member, there := value[path[0]]
		if len(path) > 1 {
			return there && drop(member, path[1:])
		}
		delete(value, path[0])
		return there
	}
	return dropped
}

// acceptable are the required properties without which the provider works.
var acceptable = []string{"masked_key", "next_cursor", "total_results"}

// Each required property is dropped from the answers of each operation.
func TestEachMissingPropertyIsFound(t *testing.T) {
	t.Parallel()
	d, err := readDocuments()
	if err != nil {
		t.Fatal(err)
	}
	tried, written := 0, map[*openapi3.Schema]bool{}
	for _, o := range d.sorted {
		args := writing
		if o.method == http.MethodGet {
			args = nil
		}
		for status := range o.spec.Responses.Map() {
			if status != "200" && status != "201" && status != "207" || slices.Contains(never, o.name) {
				continue
			}
			schema := o.spec.Responses.Value(status).Value.Content["application/json"].Schema.Value
			if args != nil && written[schema] {
				continue // another write answers the same object
			}
			written[schema] = true
			for _, path := range requiredIn(schema) {
				dropped := false
				r := checkBroken(t, func(e *exchange) {
					on := e.on(o.method, o.path) || o.isOfOne() && e.on(o.method, o.collection()+"/")
					if on && e.status < 300 {
						dropped = drop(e.body, path) || dropped
					}
				}, args...)
				name, want := path[len(path)-1], differs
				if slices.Contains(acceptable, name) {
					want = tolerated
				}
				if dropped && !slices.ContainsFunc(r.lines, func(l line) bool { return l.operation == o.String() && l.outcome == want }) {
					t.Errorf("%s without %s is not %s\n%s", o, strings.Join(path, "."), want, troubles(r.lines))
				}
				if r.status == exitLeft {
					t.Errorf("%s without %s: something is left\n%s", o, strings.Join(path, "."), r.stdout)
				}
				if dropped {
					tried++
				}
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d properties were dropped", tried)
	}
	r := checkBroken(t, func(e *exchange) {
		if e.status >= 400 {
			delete(e.object(), "error")
		}
	})
	for _, l := range r.lines {
		if regexp.MustCompile(`: 4\d\d$`).MatchString(l.rule) && l.outcome != differs {
			t.Errorf("without an error: %s %s: %s", l.operation, l.rule, l.outcome)
		}
	}
}
