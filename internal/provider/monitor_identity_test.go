package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// A list shows what can be imported, by the identity that it gives. The identity names the
// project and environment: the key of another project does not import it.
func TestSetup_listedAndImportedByIdentity(t *testing.T) {
	t.Parallel()
	const kind = "traceloop_auto_monitor_setup"
	server := standingStill(t)
	_, other := server.GenerateKey(server.CreateProject("Other").ID, "prd")
	prd := projectKey(server, "prd")
	elsewhere, inPrd := server.CreateSetup(other, "elsewhere", "char-count"), server.CreateSetup(prd, "checkout", "word-count")
	server.SetSettings(emulatortest.Settings{SetupsAheadSeconds: 60})
	server.CreateSetup(prd, "cart", "word-count")
	d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "project_api_key": prd})

	for _, test := range []struct {
		config arguments
		want   []string
	}{
		{arguments{}, []string{"elsewhere", "checkout", "cart"}},
		{arguments{"env_project_id": inPrd.EnvProjectID}, []string{"checkout", "cart"}},
		{arguments{"status": "pending"}, []string{"cart"}},
		{arguments{"status": "completed"}, []string{}},
	} {
		if got := d.names(kind, test.config); !slices.Equal(got, test.want) {
			t.Errorf("%v: listed %q, want %q", test.config, got, test.want)
		}
	}

	all, err := d.query(kind, arguments{"env_project_id": inPrd.EnvProjectID}, 1, true)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	imported, err := d.importIdentity(kind, all[0].arguments())
	if err != nil {
		t.Fatal(err)
	}
	if id := d.text(imported, "id"); id != inPrd.ID || !imported.value.Equal(all[0].resource) {
		t.Errorf("imported %s, listed %s", imported.value, all[0].resource)
	}

	for says, identity := range map[string]arguments{
		"different projects or environments": {"env_project_id": elsewhere.EnvProjectID, "external_id": "elsewhere"},
		"no auto monitor setup":              {"env_project_id": inPrd.EnvProjectID, "external_id": "none"},
		"env_project_id is missing":          {"external_id": "checkout"},
		"must have 1 to 255 characters":      {"env_project_id": inPrd.EnvProjectID, "external_id": ""},
		"does not identify the auto moni":    {"env_project_id": inPrd.EnvProjectID, "external_id": ".."},
	} {
		if _, err := d.importIdentity(kind, identity); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want %q", identity, err, says)
		}
	}
}
