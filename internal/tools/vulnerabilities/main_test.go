package main

import (
	"strings"
	"testing"
)

const (
	config  = `{"config":{"protocol_version":"v1.0.0"}}` + "\n"
	osv     = `{"osv":{"id":"GO-1","summary":"bad"}}` + "\n"
	library = `{"finding":{"osv":"GO-1","fixed_version":"v1.26.9","trace":[{"module":"stdlib","version":"v1.26.8","package":"net/http","function":"Do"}]}}` + "\n"
	module  = `{"finding":{"osv":"GO-1","fixed_version":"v2.0.0","trace":[{"module":"a","version":"v1.0.0","package":"a/b","function":"F"}]}}` + "\n"
	unused  = `{"finding":{"osv":"GO-1","fixed_version":"v2.0.0","trace":[{"module":"a","version":"v1.0.0","package":"a/b"}]}}` + "\n"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in         string
		std        bool
		says, fail string
	}{
		"none":                {config, true, "", ""},
		"not called":          {config + osv + unused, true, "", ""},
		"module":              {config + osv + module + module, false, "GO-1: a/b@v1.0.0: bad (fixed in v2.0.0)\n", "1 in modules"},
		"library":             {config + osv + library, false, "The 1 above are in the standard library", ""},
		"library in workflow": {config + osv + library, true, "GO-1: net/http@v1.26.8", "1 in the standard library"},
		"both":                {config + osv + library + module, false, "GO-1: net/http", "1 in modules"},
		"nothing was scanned": {"", false, "", "not the output"},
		"cut off":             {config + `{"osv":`, false, "", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			err := run(strings.NewReader(test.in), &out, test.std)
			if (err == nil) != (test.fail == "") || err != nil && !strings.Contains(err.Error(), test.fail) {
				t.Errorf("it fails with %v, want %q", err, test.fail)
			}
			if !strings.Contains(out.String(), test.says) || test.says == "" && out.Len() > 0 {
				t.Errorf("it prints %q, want %q", &out, test.says)
			}
		})
	}
}
