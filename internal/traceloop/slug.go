package traceloop

import "strings"

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
