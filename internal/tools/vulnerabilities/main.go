// Vulnerabilities reads the JSON of govulncheck, prints a line for each vulnerability whose code is called, and fails if
// one is in a module. Those of the standard library depend on the Go at hand: with -std they fail too.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
)

func main() {
	std := flag.Bool("std", false, "fail on those of the standard library too")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *std); err != nil {
		fmt.Fprintln(os.Stderr, "vulnerabilities:", err)
		os.Exit(1)
	}
}

type message struct {
	Config *struct{}
	OSV    *struct{ ID, Summary string }
	// Of the three findings that there may be for one vulnerability, the one whose trace has a function is about a call.
	Finding *struct {
		OSV   string
		Fixed string `json:"fixed_version"`
		Trace []struct{ Module, Version, Package, Function string }
	}
}

func run(in io.Reader, out io.Writer, std bool) error {
	summaries := map[string]string{}
	scanned := false
	var modules, library []string
	for decoder := json.NewDecoder(in); ; {
		var m message
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		scanned = scanned || m.Config != nil
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 || m.Finding.Trace[0].Function == "" {
			continue
		}
		at := m.Finding.Trace[0]
		line := fmt.Sprintf("%s: %s@%s: %s (fixed in %s)", m.Finding.OSV, at.Package, at.Version, summaries[m.Finding.OSV], m.Finding.Fixed)
		if at.Module == "stdlib" {
			library = append(library, line)
		} else {
			modules = append(modules, line)
		}
	}
	if !scanned {
		return errors.New("that is not the output of govulncheck -format json")
	}
	for _, lines := range []*[]string{&modules, &library} {
		slices.Sort(*lines)
		*lines = slices.Compact(*lines)
		for _, line := range *lines {
			fmt.Fprintln(out, line)
		}
	}
	switch {
	case len(modules) > 0:
		return fmt.Errorf("%d in modules: update them", len(modules))
	case len(library) > 0 && std:
		return fmt.Errorf("%d in the standard library: build with a newer Go", len(library))
	case len(library) > 0:
		fmt.Fprintf(out, "The %d above are in the standard library of this Go. A release is built with the newest Go.\n", len(library))
	}
	return nil
}
