package traceloop

import (
	"strings"
	"testing"
)

func TestMaskKeyIn(t *testing.T) {
	t.Parallel()
	const key = "tl_0123456789abcdefghij"
	older := strings.Repeat("0123456789abcdef", 6)
	masked, olderMasked := "tl_"+strings.Repeat("*", 16)+"ghij", strings.Repeat("*", 92)+"cdef"
	for text, want := range map[string]string{
		key:                                    masked,
		`"` + key + `" is not an id.`:          `"` + masked + `" is not an id.`,
		"p1/" + key + ", p2/" + key:            "p1/" + masked + ", p2/" + masked,
		"Bearer%20" + key:                      "Bearer%20" + masked,
		"TRACELOOP_KEY=" + older + "\n":        "TRACELOOP_KEY=" + olderMasked + "\n",
		strings.ToUpper(older):                 strings.Repeat("*", 92) + "CDEF",
		"tl_*****wxyz":                         "tl_*****wxyz",
		"an html_extraction project":           "an html_extraction project",
		"cm9v2g95l0000qz8k5h3d7f1a":            "cm9v2g95l0000qz8k5h3d7f1a",
		"0b7c5f0e-4c5a-4f2e-9d2c-7a6b5c4d3e2f": "0b7c5f0e-4c5a-4f2e-9d2c-7a6b5c4d3e2f",
	} {
		if got := MaskKeyIn(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	const named = "500 (request id 0123456789abcdef0123456789abcdef)"
	if got := MaskKeyIn(named); got != named {
		t.Errorf("a request id becomes %q", got)
	}
}
