package main

import (
	"encoding/json"
	"testing"
)

// TestExport has samples of what `terraform providers schema -json` prints for this provider.
func TestExport(t *testing.T) {
	t.Parallel()

	exported, err := ofProvider(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := exported.Schemas["traceloop"]
	attributes := got.ResourceSchemas["traceloop_api_key"].Block.Attributes
	for name, want := range map[string]string{
		"key":               `{"type":"string","description_kind":"markdown","computed":true,"sensitive":true}`,
		"environment":       `{"type":"string","description_kind":"markdown","required":true}`,
		"rotation_triggers": `{"type":["map","string"],"description_kind":"markdown","optional":true}`,
	} {
		sample := attributes[name]
		sample.Description = ""
		data, err := json.Marshal(sample)
		if err != nil {
			t.Fatal(err)
		}
		if string(data) != want {
			t.Errorf("%s: %s, want %s", name, data, want)
		}
	}
	if got.ConfigSchema.Block.Attributes["api_key"].Description == "" || len(got.DataSourceSchemas) == 0 {
		t.Errorf("the provider's arguments or its data sources are missing: %+v", got)
	}
}
