package main

import "testing"

func TestFill(t *testing.T) {
	t.Parallel()

	const template = "Text.\n\n{{/* bench plan */ -}}\nold\n\n{{/* end */ -}}\n## Next\n\n{{/* bench limit */ -}}\nkept\n\n{{/* end */ -}}\n"
	got, err := fill(template, map[string]string{"plan": "| new |\n"})
	want := "Text.\n\n{{/* bench plan */ -}}\n| new |\n\n{{/* end */ -}}\n## Next\n\n{{/* bench limit */ -}}\nkept\n\n{{/* end */ -}}\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := fill(template, map[string]string{"jobs": "| new |\n"}); err == nil {
		t.Errorf("a table without a place is lost: %q", got)
	}
}
