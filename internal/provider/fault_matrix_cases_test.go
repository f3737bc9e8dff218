package provider_test

import (
	"maps"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

// fault is one way in which a request can go wrong.
type fault struct {
	name   string
	inject emulatortest.Fault
	says   []string // phrases, one of which is in every error that is due to it
	// transient: a run succeeds in spite of a single one.
	transient bool
	// refuses: the service refuses the request permanently, so a write cannot succeed.
	refuses bool
	// lasts: also tried as an outage that does not end. The others would show nothing more,
	// or take minutes.
	lasts    bool
	settings arguments
}

var faults = []fault{
	{name: "500", says: []string{"500 Internal Server Error"}, inject: emulatortest.Fault{Kind: "status", Status: 500}, transient: true, lasts: true},
	{name: "500 though done", says: []string{"500 Internal Server Error", "already has an API key"}, inject: emulatortest.Fault{Kind: "status", Status: 500, Done: true}, transient: true, lasts: true},
	{name: "502 as a web page", says: []string{"502 Bad Gateway"}, inject: emulatortest.Fault{Kind: "status", Status: 502, Body: new("<html>Bad Gateway</html>")}, transient: true},
	{name: "503 with Retry-After", says: []string{"503 Service Unavailable"}, inject: emulatortest.Fault{Kind: "status", Status: 503, RetryAfter: new(1)}, transient: true},
	{name: "429 with Retry-After", says: []string{"429 Too Many Requests"}, inject: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(1)}, transient: true},
	{name: "429 for an hour", says: []string{"accepts no requests until"}, inject: emulatortest.Fault{Kind: "status", Status: 429, RetryAfter: new(3600)}, refuses: true},
	{name: "400", says: []string{"400 Bad Request"}, inject: emulatortest.Fault{Kind: "status", Status: 400}, refuses: true},
	{name: "401", says: []string{"401 Unauthorized"}, inject: emulatortest.Fault{Kind: "status", Status: 401}, refuses: true},
	{name: "403", says: []string{"403 Forbidden"}, inject: emulatortest.Fault{Kind: "status", Status: 403}, refuses: true, lasts: true},
	{name: "404 as a web page", says: []string{"404 Not Found"}, inject: emulatortest.Fault{Kind: "status", Status: 404, Body: new("<html>Not Found</html>")}, refuses: true},
	{name: "409", says: []string{"409 Conflict", "taken", "already"}, inject: emulatortest.Fault{Kind: "status", Status: 409}, refuses: true},
	{name: "dropped before", says: []string{"EOF"}, inject: emulatortest.Fault{Kind: "drop_before"}, transient: true, lasts: true},
	{name: "dropped after", says: []string{"EOF"}, inject: emulatortest.Fault{Kind: "drop_after"}, transient: true, lasts: true},
	{name: "delayed", inject: emulatortest.Fault{Kind: "delay", MS: 20}, transient: true},
	{name: "too late", says: []string{"within 1s"}, inject: emulatortest.Fault{Kind: "delay", MS: 3000}, settings: arguments{"request_timeout": "1s", "max_retries": int64(3)}},
	{name: "truncated", says: []string{"not JSON", "not a JSON object"}, inject: emulatortest.Fault{Kind: "truncate"}, transient: true},
	{name: "web page with 200", says: []string{"text/html"}, inject: emulatortest.Fault{Kind: "garbage"}, transient: true, lasts: true},
	{name: "endless", says: []string{"larger than 10 MiB"}, inject: emulatortest.Fault{Kind: "huge"}, transient: true},
}

// operation is one thing that a run can do to one resource.
type operation struct {
	name string
	kind string
	// prepare creates what exists before, without faults, and returns what is in the state.
	prepare func(*scene) instance
	// config is the configuration; nil destroys. ORDERS in it is the id of the project "Orders".
	config arguments
	// imports is the import id, with ORDERS; "" imports nothing.
	imports string
	// reads: the operation is a refresh and nothing more.
	reads bool
	// occupied: it fails without any fault, and its error names the next step.
	occupied bool
	// once: a creation is never sent again, so that it does not get over a lost answer of its own.
	once bool
}

// configIn is the configuration for a scene.
func (op operation) configIn(s *scene) arguments {
	config := maps.Clone(op.config)
	if config["project_id"] == "ORDERS" {
		config["project_id"] = s.orders
	}
	if config["age_recipients"] != nil {
		config["age_recipients"] = []string{s.recipient}
	}
	return config
}

// importIn is the import id for a scene.
func (op operation) importIn(s *scene) string {
	return strings.Replace(op.imports, "ORDERS", s.orders, 1)
}

var (
	billing   = arguments{"name": "Billing", "deletion_protection": false}
	europe    = arguments{"name": "EU Production", "project_id": "ORDERS"}
	prd       = arguments{"project_id": "ORDERS", "environment": "prd"}
	triggered = prd.with(arguments{"rotation_triggers": at("1")})
	tone      = evaluatorConfig("Tone").with(arguments{"slug": "tone"})
	checkout  = setupConfig("checkout", "char-count")
)

var operations = []operation{
	{name: "create project", kind: projectKind, config: arguments{"name": "Billing"}},
	{name: "read project", kind: projectKind, reads: true, prepare: (*scene).billing, config: billing},
	{name: "rename project", kind: projectKind, prepare: (*scene).billing, config: billing.with(arguments{"name": "Invoices"})},
	{name: "protect project", kind: projectKind, prepare: (*scene).billing, config: arguments{"name": "Billing"}},
	{name: "delete project", kind: projectKind, prepare: (*scene).billing},
	{name: "import project", kind: projectKind, imports: "ORDERS", config: arguments{"name": "Orders"}},

	{name: "create environment", kind: environmentKind, config: europe},
	{name: "create organization-level environment", kind: environmentKind, config: arguments{"name": "Shared"}},
	{name: "read environment", kind: environmentKind, reads: true, prepare: (*scene).europe, config: europe.with(arguments{"deletion_protection": false})},
	{name: "replace environment", kind: environmentKind, prepare: (*scene).europe, config: europe.with(arguments{"name": "US Production"})},
	{name: "protect environment", kind: environmentKind, prepare: (*scene).europe, config: europe},
	{name: "delete environment", kind: environmentKind, prepare: (*scene).europe},
	{name: "import environment", kind: environmentKind, prepare: (*scene).strangersEurope, imports: "ORDERS/eu-production", config: europe},

	{name: "generate key", kind: keyKind, config: prd},
	{name: "generate sealed key", kind: keyKind, config: prd.with(arguments{"age_recipients": "one"})},
	{name: "generate key where one is", kind: keyKind, occupied: true, prepare: (*scene).strangersKey, config: prd},
	{name: "replace existing key", kind: keyKind, prepare: (*scene).strangersKey, config: prd.with(arguments{"replace_existing": true})},
	{name: "read key", kind: keyKind, reads: true, prepare: (*scene).key, config: triggered},
	{name: "rotate key", kind: keyKind, prepare: (*scene).key, config: prd.with(arguments{"rotation_triggers": at("2")})},
	{name: "move key", kind: keyKind, prepare: (*scene).key, config: prd.with(arguments{"environment": "dev"})},
	{name: "record triggers", kind: keyKind, prepare: (*scene).key, config: prd},
	{name: "revoke key", kind: keyKind, prepare: (*scene).key},
	{name: "import key", kind: keyKind, prepare: (*scene).strangersKey, imports: "ORDERS/prd", config: prd},

	{name: "create evaluator", kind: evaluatorKind, once: true, config: tone},
	{name: "read evaluator", kind: evaluatorKind, reads: true, prepare: (*scene).tone, config: tone},
	{name: "change evaluator", kind: evaluatorKind, prepare: (*scene).tone, config: tone.with(arguments{"temperature": 0.5})},
	{name: "import evaluator", kind: evaluatorKind, prepare: (*scene).strangersTone, imports: "tone", config: tone},

	{name: "create setup", kind: setupKind, once: true, config: checkout},
	{name: "read setup", kind: setupKind, reads: true, prepare: (*scene).checkout, config: checkout},
	{name: "update setup", kind: setupKind, prepare: (*scene).checkout, config: setupConfig("checkout", "word-count")},
	{name: "delete setup", kind: setupKind, prepare: (*scene).checkout},
}
