package base

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Quote returns a string literal of the Terraform language.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case (r == '$' || r == '%') && i+1 < len(runes) && runes[i+1] == '{':
			b.WriteRune(r) // a template begins with one of them, and two of them are the text
			b.WriteRune(r)
		case r > 0xFFFF && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Label makes a label for a block from a name: letters, digits and underscores.
func Label(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte('_')
		}
	}
	label := strings.Trim(b.String(), "_")
	if label == "" || traceloop.MaskKeyIn(name) != name || traceloop.MaskKeyIn(label) != label { // no label has the stars of a mask
		return "example"
	}
	if label[0] <= '9' {
		label = "_" + label // a name in the Terraform language does not begin with a digit
	}
	return label
}

// ImportBlock returns a block to copy. It must be the last thing in its message.
func ImportBlock(resourceType, label, id string) string {
	return fmt.Sprintf("import {\n  to = %s.%s\n  id = %s\n}", resourceType, label, Quote(id))
}

// MovedBlock returns a block that keeps an object under another address.
func MovedBlock(resourceType string) string {
	return fmt.Sprintf("moved {\n  from = %[1]s.old\n  to   = %[1]s.new\n}", resourceType)
}

// RemovedBlock returns a block with which Terraform forgets an object and keeps it in Traceloop.
func RemovedBlock(resourceType, label string) string {
	return fmt.Sprintf("removed {\n  from = %s.%s\n\n  lifecycle {\n    destroy = false\n  }\n}", resourceType, label)
}

// StopManaging says how to keep an object in Traceloop and no longer manage it. It ends with
// blocks to copy. A removed block cannot name an instance of count or for_each, so the object gets
// an address of its own first, which no other instance gets.
func StopManaging(o Object) string {
	label := "kept_" + Label(string(o.Handle))
	return fmt.Sprintf("To keep it and stop managing it, remove its resource block, or its instance, add these two blocks, and use terraform apply, because terraform destroy ignores them. Write its address after the first \"from\":\n\n"+
		"moved {\n  from = %[1]s.example[\"key\"]\n  to   = %[1]s.%[2]s\n}\n\n%[3]s", o.Type, label, RemovedBlock(o.Type, label))
}
