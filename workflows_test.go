package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type workflow struct {
	On          yaml.Node
	Permissions *map[string]string
	Concurrency *struct{ Group string }
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Steps       []struct {
			Uses, Run string
			With      map[string]any
		}
	}
}

var (
	pinned = regexp.MustCompile(`(?m)uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	// What somebody else may have written, such as the title of a pull request, must not become part of a script.
	expression = regexp.MustCompile(`\$\{\{`)
)

// faults are what a workflow does that lets others in: an action that can change, a token that may do too much or is left
// lying about, a script made from what others wrote. actionlint checks the rest in `make lint`.
func faults(t *testing.T, data []byte) []string {
	t.Helper()
	var w workflow
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	var found []string
	add := func(fault string) { found = append(found, fault) }
	if uses := strings.Count(string(data), "uses: "); uses != len(pinned.FindAll(data, -1)) {
		add("an action is not pinned by its digest, with its version in a comment")
	}
	if w.Permissions == nil || len(*w.Permissions) > 0 {
		add("the workflow has permissions that not every job needs")
	}
	if w.Concurrency == nil || w.Concurrency.Group == "" {
		add("it has no concurrency group")
	}
	for _, trigger := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
		if slices.ContainsFunc(w.On.Content, func(n *yaml.Node) bool { return n.Value == trigger }) || w.On.Value == trigger {
			add("it runs what others send, with the repository's secrets: " + trigger)
		}
	}
	for _, job := range w.Jobs {
		if job.Timeout == 0 {
			add("a job has no timeout")
		}
		if len(job.Permissions) == 0 {
			add("a job does not say its permissions")
		}
		release := job.Permissions["contents"] == "write"
		for _, step := range job.Steps {
			if expression.MatchString(step.Run) {
				add("a script is made from an expression")
			}
			name, _, _ := strings.Cut(step.Uses, "@")
			switch {
			case name == "actions/checkout" && step.With["persist-credentials"] != false:
				add("checkout leaves the token in the clone")
			case release && (name == "actions/cache" || name == "actions/setup-go" && step.With["cache"] != false):
				add("a release is built from a cache that others can write")
			}
		}
	}
	return found
}

func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"test", "vulnerabilities", "codeql", "release"} {
		if !slices.Contains(files, filepath.Join(".github", "workflows", name+".yml")) {
			t.Errorf("there is no workflow %s", name)
		}
	}
	guides, err := filepath.Glob("examples/guides/*/*.yml")
	if err != nil || len(guides) < 5 {
		t.Fatalf("%d workflows of the guides were found: %v", len(guides), err)
	}
	for _, file := range append(files, guides...) {
		if name := filepath.Base(file); name == "gitlab-ci.yml" || name == "compose.yml" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(t, data) {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

// Each fault is found where it is planted.
func TestWorkflowFaultsAreFound(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(".github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	for fault, change := range map[string][2]string{
		"an action is not pinned by its digest, with its version in a comment":  {"actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "actions/checkout@v7"},
		"the workflow has permissions that not every job needs":                 {"permissions: {}", "permissions: {contents: read}"},
		"it has no concurrency group":                                           {"concurrency:", "was:"},
		"it runs what others send, with the repository's secrets: workflow_run": {"push:", "workflow_run:"},
		"a job has no timeout":                                                  {"timeout-minutes: 60", "name: release"},
		"a job does not say its permissions":                                    {"    permissions:\n", "    env:\n"},
		"a script is made from an expression":                                   {"run: make", "run: make ${{ github.head_ref }}"},
		"checkout leaves the token in the clone":                                {"persist-credentials: false", "persist-credentials: true"},
		"a release is built from a cache that others can write":                 {"cache: false", "cache: true"},
	} {
		if !strings.Contains(string(data), change[0]) {
			t.Errorf("the workflow of a release has no %q", change[0])
		}
		if got := faults(t, []byte(strings.ReplaceAll(string(data), change[0], change[1]))); !slices.Contains(got, fault) {
			t.Errorf("%q is not found: %q", fault, got)
		}
	}
}
