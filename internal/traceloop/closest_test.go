package traceloop

import "testing"

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
			"prod": "prd", "stage": "stg", "DEV": "dev", "development": "dev", "eu-prodution": "eu-production", "eu production": "eu-production",
			"Cafe": "Café", "orders": "", "q": "",
		}},
		{nil, map[string]string{"prd": ""}},
	} {
		for given, want := range test.wanted {
			if got := Closest(given, test.among); got != want {
				t.Errorf("%q: %q, want %q", given, got, want)
			}
		}
	}
}
