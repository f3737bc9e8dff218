// Licenses compares the licences in SBOMs, as cyclonedx-gomod found them, with internal/dependencies/linked.txt.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

const list = "internal/dependencies/linked.txt"

// allowed are the licences of what may be linked into a binary under the MPL-2.0.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(sboms []string) error {
	listed, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	if len(sboms) == 0 {
		return errors.New("which SBOMs?")
	}
	for _, file := range sboms {
		sbom, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := check(string(listed), sbom); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// check fails where the licence of a component is not listed, or not allowed. The detector names the one that it is surest of.
func check(listed string, sbom []byte) error {
	licences := map[string][]string{}
	for line := range strings.Lines(listed) {
		if fields := strings.Fields(line); len(fields) == 3 {
			licences[fields[0]] = strings.Split(fields[1], ",")
		}
	}
	var parsed struct {
		Components []struct {
			Name     string
			Evidence struct {
				Licenses []struct{ License struct{ ID string } }
			}
		}
	}
	if err := json.Unmarshal(sbom, &parsed); err != nil {
		return err
	}
	var all error
	fail := func(format string, args ...any) { all = errors.Join(all, fmt.Errorf(format, args...)) }
	if len(parsed.Components) == 0 {
		fail("it lists no component")
	}
	for _, c := range parsed.Components {
		want := licences[c.Name]
		var found []string
		for _, l := range c.Evidence.Licenses {
			id := l.License.ID
			if id == "BSD-Source-Code" {
				id = "BSD-3-Clause" // which the detector takes for this one where Google is named
			}
			found = append(found, id)
		}
		switch {
		case c.Name == "std":
		case len(found) == 0:
			fail("%s: no licence was found", c.Name)
		case !slices.ContainsFunc(found, func(id string) bool { return slices.Contains(want, id) }):
			fail("%s: the licence is %q, but %s says %q", c.Name, found, list, want)
		case slices.ContainsFunc(want, func(id string) bool { return !slices.Contains(allowed, id) }):
			fail("%s: of the licences %q some are not among %q", c.Name, want, allowed)
		}
	}
	return all
}
