package provider_test

import (
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// FuzzImport imports each kind of resource by any id at all. PROJECT, ENVIRONMENT and SHARED
// in it stand for the ids of what the emulator has.
func FuzzImport(f *testing.F) {
	// Not emulatortest, whose report of a broken contract would come from outside of a case.
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		f.Fatal(err)
	}
	server := httptest.NewServer(e)
	f.Cleanup(func() { server.Close(); e.Close() })
	settings := arguments{"base_url": server.URL, "api_key": e.ManagementKey(), "max_retries": int64(0)}
	seed := newDriverWith(f, time.Now, settings)
	made := func(kind string, config arguments) string {
		object, _, err := seed.apply(f.Context(), kind, seed.none(kind), config)
		if err != nil {
			f.Fatal(err)
		}
		return seed.text(object, "id")
	}
	project := made(projectKind, arguments{"name": "Orders"})
	ids := strings.NewReplacer(
		"PROJECT", project,
		"ENVIRONMENT", made(environmentKind, arguments{"name": "EU", "project_id": project}),
		"SHARED", made(environmentKind, arguments{"name": "Shared"}),
	)
	made(keyKind, arguments{"project_id": project, "environment": "prd"})

	// An id stays one element of the path, whatever is in it.
	onePath := regexp.MustCompile(`^/v2/(projects|environments|api-keys)(/[A-Za-z0-9_-]+)?$`)
	kinds := []string{projectKind, environmentKind, keyKind}
	for kind := range byte(len(kinds)) {
		for _, id := range []string{
			"PROJECT", "ENVIRONMENT", "SHARED", "PROJECT/eu", "PROJECT/prd", "PROJECT/shared", "PROJECT/dev", "shared", "prd", "/prd", "PROJECT/", "PROJECT/eu/eu", "Orders", "EU",
			"", ".", "..", "../projects", "PROJECT/..", "%2e%2e", "a b", "PROJECT?x=y", "PROJECT#", "\x00", "\xff", "PROJECT/prd\n", strings.Repeat("a", 300), "tl_0123456789012345678901234567890123456789",
		} {
			f.Add(kind, id)
		}
	}
	f.Fuzz(func(t *testing.T, n byte, id string) {
		kind, id := kinds[int(n)%len(kinds)], ids.Replace(id)
		d := newDriverWith(t, time.Now, settings)
		e.ResetRequests()
		imported, err := d.importID(t.Context(), kind, id)
		for _, request := range e.Requests().Requests {
			if request.Method != "GET" || !onePath.MatchString(request.Path) {
				t.Errorf("the import of %q asks for %s %s", id, request.Method, request.Path)
			}
		}
		if err != nil {
			if !imported.value.IsNull() {
				t.Errorf("the import of %q fails and leaves %v", id, imported.value)
			}
			if strings.Contains(err.Error(), e.ManagementKey()) {
				t.Errorf("the error shows the management key: %v", err)
			}
			return
		}
		got, place := d.text(imported, "id"), d.text(imported, "project_id")
		forms := []string{got}
		switch kind {
		case environmentKind:
			forms = append(forms, strings.TrimPrefix(place+"/"+d.text(imported, "slug"), "/"))
		case keyKind:
			forms = []string{place + "/" + d.text(imported, "environment")}
		}
		if got == "" || !slices.Contains(forms, id) {
			t.Errorf("%q imports %s %q, which is known as %q", id, kind, got, forms)
		}
		if kind == keyKind && (d.text(imported, "key") != "" || traceloop.MaskKey(d.text(imported, "masked_key")) != d.text(imported, "masked_key")) {
			t.Errorf("%q imports more of a key than there can be: %v", id, imported.value)
		}
	})
}
