package traceloop

import (
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

func TestMaskMatches(t *testing.T) {
	const (
		key      = "tl_0123456789abcdef0123456789abWx3k"
		other    = "tl_0123456789abcdef0123456789abWx3q"
		old      = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2Wx3k" // without a prefix
		manage   = "tlm_123456789abcdef0123456789abWx3k"
		short    = "tl_abc"
		matches  = "matches"
		differs  = "differs"
		possible = "cannot be proven"
	)
	for _, tt := range []struct{ mask, key, want string }{
		{MaskKey(key), key, matches},
		{MaskKey(key), other, differs},
		{MaskKey(key), old, differs},
		{MaskKey(key), manage, differs},
		{MaskKey(old), old, matches},
		{MaskKey(old), key, matches}, // the mask shows no prefix: only the last 4 characters
		{MaskKey(short), short, possible},
		{MaskKey(short), key, possible},
		{"*************bWx3k", key, matches}, // as the dashboard does: 13 stars and 5 characters
		{"*************bWx3k", other, differs},
		{"*************cWx3k", key, differs},
		{"*****abWx3k", key, matches},
		{"tl_01…Wx3k", key, matches},
		{"tl_01…Wx3k", other, differs},
		{"tl_02…Wx3k", key, differs},
		{"tl_01...Wx3k", key, matches},
		{"tl_01234...", key, matches},
		{"tl_01234...", old, differs},
		{"••••••••Wx3k", key, matches},
		{"••••••••Wx3q", key, differs},
		{"●●●●Wx3k", key, matches},
		{"tl_**** **** Wx3k", key, differs}, // no key has a space
		{"tl_****-****-Wx3k", key, differs},
		{"Wx3k", key, matches},
		{"tl_0123", key, matches},
		{"Wx3q", key, differs},
		{key, key, matches},
		{key, other, differs},
		{"", key, possible},
		{"****", key, possible},
		{"tl_****", key, possible},
		{"tlm_****", manage, possible},
		{"tl_****", old, differs},
		{"*****x3k", key, possible},
		{"*****x3q", key, differs},
		{"tl_0123456789abcdef0123456789abWx***bWx3k", key, differs}, // the two ends would overlap
	} {
		got := differs
		switch same, provable := MaskMatches(tt.mask, tt.key); {
		case same && provable:
			got = matches
		case same:
			got = possible
		}
		if got != tt.want {
			t.Errorf("%q and %q: %s, want %s", tt.mask, tt.key, got, tt.want)
		}
	}
}

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

func TestClosest(t *testing.T) {
	t.Parallel()
	environments := []string{"dev", "stg", "prd", "eu-production", "EU Production", "Café"}
	for _, test := range []struct {
		among  []string
		wanted map[string]string
	}{
		{PublishedEvaluators, map[string]string{
			"PII_DETECTOR": "pii-detector", "pii_detector": "pii-detector", "Pii Detector": "pii-detector", "pii-detecter": "pii-detector",
			"piidetector": "pii-detector", "answer-relevanc": "answer-relevancy", "toxicity": "toxicity-detector", "word-count-ratios": "word-count-ratio",
			"char-coutn": "char-count", "hallucination": "", "x": "", "": "", "LLM_AS_A_JUDGE": "",
		}},
		{environments, map[string]string{
			"prod": "prd", "stage": "stg", "DEV": "dev", "development": "dev", "Staging": "stg", "production": "prd", "eu-prodution": "eu-production", "eu production": "eu-production",
			"Cafe": "Café", "orders": "", "q": "",
		}},
		{nil, map[string]string{"prd": "", "production": ""}},
	} {
		for given, want := range test.wanted {
			if got := Closest(given, test.among); got != want {
				t.Errorf("%q: %q, want %q", given, got, want)
			}
		}
	}
}
