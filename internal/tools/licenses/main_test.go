package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const listed = "# module, licence, binaries\na MIT provider\nb BSD-3-Clause provider,emulator\nc GPL-3.0,MIT emulator\n"
	component := func(name string, licences ...string) string {
		for i, l := range licences {
			licences[i] = fmt.Sprintf(`{"license":{"id":%q}}`, l)
		}
		return fmt.Sprintf(`{"name":%q,"evidence":{"licenses":[%s]}}`, name, strings.Join(licences, ","))
	}
	for name, test := range map[string]struct {
		components []string
		says       string
	}{
		"as listed":       {[]string{component("a", "MIT"), component("b", "BSD-Source-Code"), component("std")}, ""},
		"one of several":  {[]string{component("a", "Apache-2.0", "MIT")}, ""},
		"another licence": {[]string{component("a", "AGPL-3.0")}, `a: the licence is ["AGPL-3.0"]`},
		"not listed":      {[]string{component("d", "MIT")}, `says []`},
		"no licence":      {[]string{component("a")}, "a: no licence was found"},
		"not allowed":     {[]string{component("c", "GPL-3.0")}, `c: of the licences ["GPL-3.0" "MIT"] some are not among`},
		"no component":    {nil, "it lists no component"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := check(listed, []byte(`{"components":[`+strings.Join(test.components, ",")+`]}`))
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("it says %v, want %q", err, test.says)
			}
		})
	}
}
