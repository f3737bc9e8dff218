package main

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

const intro = "# Changelog\n\nHow to read it.\n"

var day = time.Date(2027, time.January, 5, 12, 0, 0, 0, time.UTC)

func TestFragmentsOfThisRepository(t *testing.T) {
	t.Parallel()
	if _, err := readFragments(os.DirFS("../../../" + folder)); err != nil {
		t.Error(err)
	}
}

func TestGather(t *testing.T) {
	t.Parallel()
	first, err := readFragments(fstest.MapFS{
		"keys.feature.md": {Data: []byte("**New Resource:** `a`\n**New Resource:** `b`\n")},
		"typo.bug.md":     {Data: []byte("resource/a: a typo\n")},
		"paths.note.md":   {Data: []byte("Paths are assumed")},
		"schema.txt":      {Data: []byte("not a fragment")},
	})
	if err != nil {
		t.Fatal(err)
	}
	changelog, err := gather(intro, "0.1.0", day, first)
	if err != nil {
		t.Fatal(err)
	}
	notes := "NOTES:\n\n* Paths are assumed\n\nFEATURES:\n\n* **New Resource:** `a`\n* **New Resource:** `b`\n\nBUG FIXES:\n\n* resource/a: a typo\n"
	if want := intro + "\n## 0.1.0 (January 5, 2027)\n\n" + notes; changelog != want {
		t.Errorf("the first release:\n%s\nwant\n%s", changelog, want)
	}

	second := []fragment{{name: "x.breaking.md", heading: "BREAKING CHANGES", text: "`a` is gone"}}
	if _, err := gather(changelog, "0.1.0", day, second); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("one version is released twice: %v", err)
	}
	changelog, err = gather(changelog, "1.0.0", day, second)
	if err != nil {
		t.Fatal(err)
	}
	if want := intro + "\n## 1.0.0 (January 5, 2027)\n\nBREAKING CHANGES:\n\n* `a` is gone\n\n## 0.1.0 (January 5, 2027)\n\n" + notes; changelog != want {
		t.Errorf("the second release:\n%s\nwant\n%s", changelog, want)
	}
	if got, err := sectionOf(changelog, "0.1.0"); got != notes || err != nil {
		t.Errorf("its notes: %q, %v", got, err)
	}
	if got, err := sectionOf(changelog, "0.1"); err == nil {
		t.Errorf("a version that was not released has notes: %q", got)
	}
	if _, err := gather(changelog, "1.1.0", day, nil); err == nil {
		t.Error("nothing is released")
	}
}

func TestBadFragments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, text, says string }{
		"no kind":      {"keys.md", "text", "has to end in"},
		"unknown kind": {"keys.fix.md", "text", "has to end in"},
		"empty":        {"keys.bug.md", " \n", "is empty"},
		"bullet":       {"keys.bug.md", "* text", "the bullet and the heading are added"},
		"heading":      {"keys.bug.md", "BUG:\n\ntext", "one change a line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readFragments(fstest.MapFS{test.file: {Data: []byte(test.text)}})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it is %v, want %q", err, test.says)
			}
		})
	}
}
