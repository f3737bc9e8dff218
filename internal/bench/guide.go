package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// slot is where a guide's template keeps what was measured:
//
//	{{/* bench plan */ -}}
//	…
//	{{/* end */ -}}
//
// The name is that of a subject, or "machine".
var slot = regexp.MustCompile(`(?s)(\{\{/\* bench ([a-z]+) \*/ -\}\}\n).*?(\{\{/\* end \*/ -\}\}\n)`)

// updateGuide writes what was measured, by name, into a template, and leaves alone what was not.
func updateGuide(file string, measured map[string]string) error {
	content, err := os.ReadFile(file) //nolint:gosec // the user's choice
	if err != nil {
		return err
	}
	updated, err := fill(string(content), measured)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(updated), 0o600)
}

// fill is an error if something that was measured has no slot.
func fill(template string, measured map[string]string) (string, error) {
	filled := map[string]bool{}
	updated := slot.ReplaceAllStringFunc(template, func(old string) string {
		parts := slot.FindStringSubmatch(old)
		text, ok := measured[parts[2]]
		if !ok {
			return old
		}
		filled[parts[2]] = true
		return parts[1] + strings.TrimSpace(text) + "\n\n" + parts[3]
	})
	for name := range measured {
		if !filled[name] {
			return "", fmt.Errorf("there is no place for %q, between {{/* bench %s */ -}} and {{/* end */ -}}", name, name)
		}
	}
	return updated, nil
}
