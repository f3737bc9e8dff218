package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const changes = "../../../.changes"

// TestSchemaChangesAreTold compares the provider with .changes/schema.txt, its schema at the last release: what differs
// is named by a fragment, as in `enhancement` "resource/traceloop_project: `tags` are new".
func TestSchemaChangesAreTold(t *testing.T) {
	t.Parallel()
	released, err := os.ReadFile(filepath.Join(changes, "schema.txt"))
	if err != nil {
		t.Fatal(err)
	}
	schemas, err := ofProvider(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var now []string
	for _, e := range list(schemas.Providers["traceloop"]) {
		now = append(now, e.String())
	}
	fragments, err := filepath.Glob(filepath.Join(changes, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, name := range fragments {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	for _, line := range untold(strings.Split(strings.TrimSpace(string(released)), "\n"), now, text.String()) {
		t.Errorf("no fragment in .changes names the object and the attribute of this change of the schema (CONTRIBUTING.md, \"Changelog\"): %s", line)
	}

	// The list is the one of this provider.
	for _, want := range []string{
		`provider.api_key: "string", optional, sensitive`,
		`resource traceloop_api_key.rotation_triggers: ["map","string"], optional`,
		`identity traceloop_project: version 0`,
		`function mask_key: ("string") "string"`,
	} {
		if !slices.Contains(now, want) {
			t.Errorf("%s is missing among\n%s", want, strings.Join(now, "\n"))
		}
	}
}

func TestUntold(t *testing.T) {
	t.Parallel()
	before := []string{"resource a: version 0", `resource a.id: "string"`, `resource a.old_name: "string"`, "resource b: version 0", `resource b.id: "string"`, "data source a: version 0"}
	for name, test := range map[string]struct {
		after, untold []string
		text          string
	}{
		"nothing":                  {before, nil, ""},
		"new attribute":            {append(slices.Clone(before), "resource a.tags.key: string"), []string{"resource a.tags.key: string"}, ""},
		"told":                     {append(slices.Clone(before), "resource a.tags.key: string"), nil, "resource/a: `key` is new"},
		"told of another object":   {append(slices.Clone(before), "resource a.tags.key: string"), []string{"resource a.tags.key: string"}, "resource/b: `key` is new"},
		"part of a name":           {append(slices.Clone(before), "resource a.name: string"), []string{"resource a.name: string"}, "resource/a: `old_name` is as before"},
		"removed attribute":        {slices.Delete(slices.Clone(before), 2, 3), []string{before[2]}, "resource/a"},
		"removed object":           {slices.Delete(slices.Clone(before), 3, 5), []string{before[3], before[4]}, "resource/a"},
		"removed object, told":     {slices.Delete(slices.Clone(before), 3, 5), nil, "`b` is gone"},
		"other type":               {append(slices.Delete(slices.Clone(before), 1, 2), "resource a.id: number"), []string{before[1], "resource a.id: number"}, ""},
		"another version of state": {append(slices.Clone(before[1:]), "resource a: version 1"), []string{"resource a: version 0", "resource a: version 1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := untold(before, test.after, test.text); !slices.Equal(got, sorted(test.untold)) {
				t.Errorf("untold: %q, want %q", got, test.untold)
			}
		})
	}
}

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}
