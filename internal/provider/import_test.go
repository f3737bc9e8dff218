package provider_test

import (
	"testing"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// What an import says of an id that it cannot take.
func TestImport_refusedIDs(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.CreateProject("Orders").ID
	server.CreateEnvironment("", "Inherited")
	server.GenerateKey(project, "prd")
	key := projectKey(server, "prd")
	server.CreateSetup(key, "checkout", "char-count")
	server.ResetRequests()
	d := newDriverWith(t, time.Now, arguments{"base_url": server.URL, "api_key": server.ManagementKey, "project_api_key": key})

	for kind, tests := range map[string]map[string][]string{
		projectKind: {
			"Default project": {"Invalid Import ID", "<project id>"},
			"cnosuchproject":  {"Unable to Import Project", "no project with the id", "There are:", "Orders"},
			"":                {"Invalid Import ID", "<project id>"},
			"..":              {"Invalid Import ID", "<project id>"},
			"../api-keys":     {"Invalid Import ID", "<project id>"},
			"p1?limit=1":      {"Invalid Import ID", "<project id>"},
		},
		environmentKind: {
			"EU Production":        {"Invalid Import ID", "<environment id>", "<project id>/<slug>", "<slug>"},
			"nosuch":               {"Unable to Import Environment", "no environment", "There are: dev, stg, prd"},
			project + "/prod":      {"Unable to Import Environment", "no environment", `Did you mean "prd"`},
			project + "/..":        {"Invalid Import ID", "<environment id>"},
			"My orders/dev":        {"Invalid Import ID", "<environment id>"},
			"cnosuchproject/dev":   {"Unable to Import Environment", "no environment", "traceloop_projects"},
			project + "/dev":       {"Unable to Import Environment", "inherits", "with the id \"dev\""},
			project + "/inherited": {"Unable to Import Environment", "from the organization", "id \"inherited\""},
		},
		keyKind: {
			project:                    {"Unable to Import API Key", "no active API key with the id", "<project id>/<environment slug>"},
			project + "/EU Production": {"Invalid Import ID", "<project id>/<environment slug>"},
			project + "/prod":          {"Unable to Import API Key", "no environment with the slug", "There are: dev, stg, prd"},
			"tl_0123456789012345678901234567890123456789":            {"Invalid Import ID", "tl_************************************6789", "Rotate that key"},
			project + "/tl_0123456789012345678901234567890123456789": {"Invalid Import ID", "tl_************************************6789", "Rotate that key"},
			"orders/prd":         {"Did you mean", project},
			"a/prd/x":            {"Invalid Import ID"},
			project + "/stg":     {"Unable to Import API Key", "no active key"},
			"cnosuchproject/prd": {"Unable to Import API Key", "no project with the id"},
		},
		setupKind: {
			"none": {"Unable to Import Auto Monitor Setup", "no auto monitor setup with the external id", "traceloop_auto_monitor_setups"},
			"..":   {"Invalid Import ID", "<external id>"},
			"bulk": {"Invalid Import ID", "<external id>"},
		},
		evaluatorKind: {
			"none":            {"Unable to Import Evaluator", "no evaluator with the id or slug", "traceloop_evaluators"},
			"char-count":      {"Unable to Import Evaluator", "one of Traceloop's"},
			"Tone of support": {"Invalid Import ID", "<evaluator id>", "<slug>"},
			"tl_0123456789012345678901234567890123456789": {"tl_************************************6789"},
		},
		organizationKind: {
			"x": {"Organization Cannot Be Imported", "no operation that reads"},
		},
	} {
		for id, phrases := range tests {
			t.Run(kind+" "+id, func(t *testing.T) {
				_, err := d.next().importID(t.Context(), kind, id)
				refuses(t, err, phrases...)
			})
		}
	}
	noWrites(t, server)
}
