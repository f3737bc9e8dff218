package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// folder holds one file for each change that a user would notice since the last release.
const folder = ".changes"

// headings are those of a release in their order, each with the ending of the names of its fragments.
var headings = []struct{ ending, heading string }{
	{"breaking", "BREAKING CHANGES"},
	{"note", "NOTES"},
	{"feature", "FEATURES"},
	{"enhancement", "ENHANCEMENTS"},
	{"bug", "BUG FIXES"},
}

type fragment struct {
	name, heading, text string
}

// readFragments reads the fragments, in the order of their names.
func readFragments(in fs.FS) ([]fragment, error) {
	names, err := fs.Glob(in, "*.md")
	if err != nil {
		return nil, err
	}
	var all []fragment
	for _, name := range names {
		data, err := fs.ReadFile(in, name)
		if err != nil {
			return nil, err
		}
		f := fragment{name: name, text: strings.TrimSpace(string(data))}
		ending := strings.TrimPrefix(path.Ext(strings.TrimSuffix(name, ".md")), ".")
		for _, h := range headings {
			if h.ending == ending {
				f.heading = h.heading
			}
		}
		switch {
		case f.heading == "":
			return nil, fmt.Errorf("%s/%s: the name has to end in .breaking.md, .note.md, .feature.md, .enhancement.md or .bug.md", folder, name)
		case f.text == "":
			return nil, fmt.Errorf("%s/%s is empty", folder, name)
		}
		for line := range strings.Lines(f.text) {
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "#") {
				return nil, fmt.Errorf("%s/%s: write one change a line, as text: the bullet and the heading are added", folder, name)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// gather puts the fragments on top of the former releases, as the section of a version.
func gather(changelog, version string, day time.Time, fragments []fragment) (string, error) {
	if len(fragments) == 0 {
		return "", fmt.Errorf("nothing to release: %s has no fragment", folder)
	}
	if _, err := sectionOf(changelog, version); err == nil {
		return "", fmt.Errorf("%s has a section of %s already", file, version)
	}
	var section strings.Builder
	fmt.Fprintf(&section, "## %s (%s)\n", version, day.Format("January 2, 2006"))
	for _, h := range headings {
		here := slices.DeleteFunc(slices.Clone(fragments), func(f fragment) bool { return f.heading != h.heading })
		if len(here) == 0 {
			continue
		}
		fmt.Fprintf(&section, "\n%s:\n\n", h.heading)
		for _, f := range here {
			for line := range strings.Lines(f.text) {
				fmt.Fprintf(&section, "* %s\n", strings.TrimSpace(line))
			}
		}
	}
	intro, former, found := strings.Cut(changelog, "\n## ")
	whole := strings.TrimRight(intro, "\n") + "\n\n" + section.String()
	if found {
		whole += "\n## " + former
	}
	return whole, nil
}

// sectionOf is what the changelog says of a version, without its heading.
func sectionOf(changelog, version string) (string, error) {
	_, section, found := strings.Cut(changelog, "\n## "+version+" (")
	if !found {
		return "", fmt.Errorf("%s has no section of %s", file, version)
	}
	_, section, _ = strings.Cut(section, "\n")
	section, _, _ = strings.Cut(section, "\n## ")
	return strings.Trim(section, "\n") + "\n", nil
}
