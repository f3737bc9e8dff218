package traceloop

import "strings"

// Closest returns the name or slug that was probably meant by one that does not exist, or "". Case,
// hyphens, underscores and spaces make no difference, so that it knows the types of evaluators in the
// OpenAPI document, such as PII_DETECTOR.
func Closest(given string, among []string) string {
	meant := plain(given)
	closest, least := "", 3 // more edits than these make another word
	for _, candidate := range among {
		known := plain(candidate)
		edits := editDistance(meant, known)
		if len(meant) > 3 && (strings.HasPrefix(known, meant) || strings.HasPrefix(meant, known)) {
			edits = min(edits, 2)
		}
		if edits < least && edits < len(known) {
			closest, least = candidate, edits
		}
	}
	return closest
}

func plain(s string) string {
	return strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(s)))
}

// editDistance counts the characters to insert, remove or replace.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
