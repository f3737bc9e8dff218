package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestKeyBlocksHaveEveryKeyOnce(t *testing.T) {
	t.Parallel()

	for _, e := range []*estate{estateOf(1), estateOf(100), estateOf(250), estateOf(1000)} {
		next := 0
		for _, b := range e.keyBlocks() {
			if b.First != next || b.Count() < 1 || b.Count() > keysPerBlock {
				t.Errorf("%d keys: a block from %d to %d follows the key %d", e.keys(), b.First, b.Last, next)
			}
			next = b.Last
		}
		if next != e.keys() {
			t.Errorf("%d of %d keys are in a block", next, e.keys())
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()

	names := func(all []subject) string {
		var names []string
		for _, s := range all {
			names = append(names, s.name)
		}
		return strings.Join(names, " ")
	}
	var help bytes.Buffer
	part, err := parse([]string{"-tables", "plan,limit", "-sizes", "10,20", "-runs", "1"}, &help)
	if err != nil || names(part.subjects) != "plan limit" || len(part.sizes) != 2 || part.runs != 1 {
		t.Errorf("a part is %+v, %v", part, err)
	}
	usual, err := parse(nil, &help)
	if err != nil || names(usual.subjects) != "startup plan write limit small" {
		t.Errorf("without flags: %s, %v", names(usual.subjects), err)
	}
	full, err := parse([]string{"-full"}, &help)
	if err != nil || len(full.subjects) != len(subjects) || full.sizes[len(full.sizes)-1] != 10_000 {
		t.Errorf("-full: %s, %v", names(full.subjects), err)
	}
	for _, wrong := range [][]string{{"-tables", "plans"}, {"-sizes", "many"}, {"-runs", "0"}, {"plan"}} {
		if _, err := parse(wrong, &help); err == nil {
			t.Errorf("%q is accepted", wrong)
		}
	}
}
