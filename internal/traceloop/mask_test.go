package traceloop

import (
	"strings"
	"testing"
)

func TestMaskKey(t *testing.T) {
	for key, want := range map[string]string{
		"tl_abcdefghijklWx3k": "tl_************Wx3k",
		"tl_abcdWx3k":         "tl_****Wx3k",
		"tl_abcWx3k":          "tl_*******",
		"tl_x":                "tl_*",
		"tl_":                 "tl_",
		"":                    "",
		"no-prefix-Wx3k":      "**********Wx3k",
		"short":               "*****",
		"TL_abcdefghWx3k":     "***********Wx3k",
	} {
		got := MaskKey(key)
		if got != want {
			t.Errorf("MaskKey(%q) = %q, want %q", key, got, want)
		}
		if len(got) != len(key) {
			t.Errorf("MaskKey(%q) changes the length", key)
		}
	}
}

// The mask hides at least as much as it shows, whatever the length.
func TestMaskKeyHidesHalf(t *testing.T) {
	for n := range 64 {
		masked := strings.TrimPrefix(MaskKey(KeyPrefix+strings.Repeat("k", n)), KeyPrefix)
		if hidden := strings.Count(masked, "*"); 2*hidden < n {
			t.Errorf("of %d characters only %d are hidden: %s", n, hidden, masked)
		}
	}
}
