// Changelog gathers the fragments of .changes into CHANGELOG.md at a release, and prints the notes of one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	notes := flag.String("notes", "", "print what CHANGELOG.md says of this `version`, and change nothing")
	flag.Parse()
	if err := run(*notes, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "changelog:", err)
		os.Exit(1)
	}
}

const file = "CHANGELOG.md"

func run(notes string, args []string) error {
	changelog, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if notes != "" {
		section, err := sectionOf(string(changelog), notes)
		fmt.Print(section)
		return err
	}
	if len(args) != 1 {
		return errors.New("which version? As in: make changelog VERSION=1.2.3")
	}
	fragments, err := readFragments(os.DirFS(folder))
	if err != nil {
		return err
	}
	whole, err := gather(string(changelog), strings.TrimPrefix(args[0], "v"), time.Now(), fragments)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(whole), 0o644); err != nil { //nolint:gosec // as readable as every other file of the repository
		return err
	}
	for _, f := range fragments {
		if err := os.Remove(folder + "/" + f.name); err != nil {
			return err
		}
	}
	return nil
}
