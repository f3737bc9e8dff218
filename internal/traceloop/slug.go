package traceloop

import "strings"

// Slug makes an environment's slug from its name: ASCII letters in lower case,
// digits, and one hyphen for each run of anything else between them. It is empty
// when the name has neither letters nor digits; the service refuses such a name.
//
// Attested by one example of Traceloop's documentation, "EU Production" to
// eu-production; the rest of the rule is assumed.
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
