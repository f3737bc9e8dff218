package traceloop

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is about what the service calls things: slugs, and masks of keys.

// Slug makes an environment's slug from its name: ASCII letters in lower case, digits, and one
// hyphen for each run of other characters between them. It is empty if the name has no ASCII
// letters and digits; the service refuses such a name.
//
// One example is documented by Traceloop: "EU Production" becomes eu-production. The rest of the
// rule is assumed by this project.
func Slug(name string) string {
	var b strings.Builder
	gap := false
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if ('a' > c || c > 'z') && ('0' > c || c > '9') {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteByte(c)
	}
	return b.String()
}

// Closest returns the name or slug that was probably meant by one that does not exist, or "". Case,
// hyphens, underscores and spaces make no difference, so that it knows the types of evaluators in the
// OpenAPI document, such as PII_DETECTOR.
func Closest(given string, among []string) string {
	meant := plain(given)
	if slug := builtInWords[meant]; slices.Contains(among, slug) {
		return slug
	}
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

// builtInWords are the words that the slugs of the built-in environments stand for.
var builtInWords = map[string]string{"development": "dev", "staging": "stg", "production": "prd"}

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

const (
	// KeyPrefix is the prefix of every API key. Source: Traceloop's public repository
	// tenant-evals-integration.
	KeyPrefix = "tl_"

	maskTail = 4
)

// MaskKey returns a form of a key that is safe to show: stars replace everything between its prefix
// and its last 4 characters. In a short key, they replace the last characters too.
func MaskKey(key string) string {
	secret := strings.TrimPrefix(key, KeyPrefix)
	prefix := key[:len(key)-len(secret)]
	tail := ""
	if len(secret) >= 2*maskTail {
		tail = secret[len(secret)-maskTail:]
	}
	return prefix + strings.Repeat("*", len(secret)-len(tail)) + tail
}

// hidden are the characters that stand for hidden ones in a mask.
const hidden = "*•●·.…"

// MaskMatches compares the visible beginning and end of a mask with a key. Nothing follows from the
// number of hidden characters: Traceloop's dashboard shows 13 stars for a key of any length. If the mask
// shows fewer than 4 characters of the secret, provable is false, and matches says only that nothing
// speaks against it.
func MaskMatches(mask, key string) (matches, provable bool) {
	head, tail := mask, ""
	if i := strings.IndexAny(mask, hidden); i >= 0 {
		j := strings.LastIndexAny(mask, hidden)
		_, size := utf8.DecodeRuneInString(mask[j:])
		head, tail = mask[:i], mask[j+size:]
	} else if !strings.HasPrefix(key, mask) {
		head, tail = "", mask
	}
	rest, found := strings.CutPrefix(key, head)
	matches = found && strings.HasSuffix(rest, tail)
	secret := head[strings.LastIndex(head, "_")+1:]
	return matches, len(secret)+len(tail) >= maskTail
}
