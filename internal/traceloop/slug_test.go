package traceloop

import "testing"

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"EU Production":      "eu-production", // Traceloop's own example
		"prd":                "prd",
		"EU  --  Production": "eu-production",
		" (EU) Production! ": "eu-production",
		"eu_production":      "eu-production",
		"v2.1":               "v2-1",
		"2026":               "2026",
		"Zürich":             "z-rich",
		"ÄÖÜ":                "",
		"東京 Tokyo":           "tokyo",
		"--":                 "",
		"":                   "",
		"a":                  "a",
		"already-a-slug":     "already-a-slug",
	} {
		got := Slug(name)
		if got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
		if again := Slug(got); again != got {
			t.Errorf("Slug(%q) = %q: a slug is not its own slug", got, again)
		}
	}
}
