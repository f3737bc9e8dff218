package provider

import (
	"testing"
	"time"
)

func FuzzParseTimeout(f *testing.F) {
	for _, s := range []string{"30s", "1m30s", "10m", "10m1s", "1s", "999ms", "0", "-5s", "1h", "", "30", "9999999999999h", ".5s", "1e9ns"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseTimeout(s); err == nil && (d < time.Second || d > 10*time.Minute) {
			t.Errorf("%q is taken for %s", s, d)
		}
	})
}
