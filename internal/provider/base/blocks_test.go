package base_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var hardNames = []string{
	"", "plain", `say "hello"`, `back\slash`, "${x}", "%{if true}yes%{endif}", "$${x}", "$$", "%", "${", "a$", "tab\tand\nline", "\u2028", "\x00", "\U000E0001", "日本", "é",
	`\u0041`, "tl_ABCDEFGHIJKLMNOP", "tl-abcdefghijklmnop",
}

func TestQuote_isReadBack(t *testing.T) {
	for _, name := range hardNames {
		expression, diags := hclsyntax.ParseExpression([]byte(base.Quote(name)), "", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("%s: %v", base.Quote(name), diags)
			continue
		}
		value, diags := expression.Value(nil)
		if diags.HasErrors() || value.AsString() != name {
			t.Errorf("%s is read as %#v, want %q: %v", base.Quote(name), value, name, diags)
		}
	}
}

func TestBlocks_areValid(t *testing.T) {
	for _, name := range hardNames {
		for _, block := range []string{
			base.ImportBlock("traceloop_project", base.Label(name), name),
			base.MovedBlock("traceloop_project"),
			base.RemovedBlock("traceloop_project", base.Label(name)),
		} {
			if _, diags := hclsyntax.ParseConfig([]byte(block), "", hcl.InitialPos); diags.HasErrors() {
				t.Errorf("%s\n%v", block, diags)
			}
		}
		if label := base.Label(name); !hclsyntax.ValidIdentifier(label) || traceloop.MaskKeyIn(label) != label {
			t.Errorf("the label of %q is %q", name, label)
		}
	}
}
