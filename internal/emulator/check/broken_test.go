package check

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
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

// Each status that a rule wants is swapped, and each of these rules differs.
func TestEachSwappedStatusIsFound(t *testing.T) {
	t.Parallel()
	wants := func(r result, pattern string, judged func(line) bool) (lines []line) {
		for _, l := range r.lines {
			if regexp.MustCompile(pattern).MatchString(l.operation+" "+l.rule) && judged(l) {
				lines = append(lines, l)
			}
		}
		return lines
	}
	all := func(line) bool { return true }
	fine := func(l line) bool { return l.fine() }
	good := checkBroken(t, nil, writing...)

	refusals := checkBroken(t, func(e *exchange) {
		if e.status >= 400 {
			e.status = teapot
		}
	}, writing...)
	if n := len(wants(refusals, `: 4\d\d$`, all)); n < 60 || n != len(wants(good, `: 4\d\d$`, all)) {
		t.Errorf("%d rules want a refusal", n)
	}
	for _, l := range wants(refusals, `: 4\d\d$`, fine) {
		t.Errorf("not found: %s %s", l.operation, l.rule)
	}

	// Between the creation and the deletion of the project, no step needs the answer to a read.
	trial := false
	reads := checkBroken(t, func(e *exchange) {
		trial = (trial || e.on("POST", "/v2/projects")) && !(e.done() && e.on("DELETE", "/v2/projects/"))
		if trial && e.Method == http.MethodGet && e.status == http.StatusOK {
			e.status = teapot
		}
	}, writing...)
	begins := slices.IndexFunc(reads.lines, func(l line) bool { return strings.HasPrefix(l.rule, "creates a project") })
	reads.lines = reads.lines[begins:]
	if n := len(wants(reads, `^GET.*: 200$`, all)); n < 12 {
		t.Errorf("%d rules want a read", n)
	}
	for _, l := range wants(reads, `^GET.*: 200$`, fine) {
		t.Errorf("not found: %s %s", l.operation, l.rule)
	}

	const write = `^(POST|PUT|PATCH|DELETE).*: 20\d$`
	for i, l := range wants(good, write, all) {
		n := 0
		r := checkBroken(t, func(e *exchange) {
			if e.done() && !(e.on("DELETE", "/v2/auto-monitor-setups/") && strings.HasSuffix(e.URL.Path, "-2")) {
				if n++; n == i+1 {
					e.status = teapot
				}
			}
		}, writing...)
		if found := wants(r, write, func(is line) bool { return is.rule == l.rule && is.operation == l.operation && is.outcome == differs }); len(found) != 1 {
			t.Errorf("not found: %s %s\n%s", l.operation, l.rule, troubles(r.lines))
		}
	}

	for _, operation := range []string{"/v2/projects", "/v2/environments", "/v2/api-keys", "/v2/auto-monitor-setups", "/v2/evaluators"} {
		for _, path := range []string{operation, operation + "/"} {
			r := checkBroken(t, func(e *exchange) {
				if e.on(http.MethodGet, path) && e.status == http.StatusOK {
					e.status = teapot
				}
			})
			name := "GET " + strings.TrimSuffix(path, "/")
			for _, l := range r.lines {
				if strings.HasPrefix(l.operation, name) && (strings.Contains(l.operation, "{") == strings.HasSuffix(path, "/")) && strings.HasSuffix(l.rule, ": 200") && fine(l) {
					t.Errorf("not found: %s %s", l.operation, l.rule)
				}
			}
		}
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
