package provider_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// identityType is that of a resource's identity, as the provider declares it; nil for none.
func (d *driver) identityType(kind string) tftypes.Type {
	d.t.Helper()
	schemas, err := identitySchemas()
	if err != nil {
		d.t.Fatal(err)
	}
	if schema := schemas.IdentitySchemas[kind]; schema != nil {
		return schema.ValueType()
	}
	return nil
}

var identitySchemas = sync.OnceValues(func() (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	server, err := provider.NewServer(time.Now)()
	if err != nil {
		return nil, err
	}
	return server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
})

// checkIdentity checks that an identity says what the state says. So it never changes in the life of an object.
func (d *driver) checkIdentity(kind string, i instance) {
	d.t.Helper()
	typ := d.identityType(kind)
	if typ == nil || i.value.IsNull() {
		return
	}
	if i.identity == nil {
		d.t.Errorf("%s has no identity in the state", kind)
		return
	}
	state := attributes(d.t, i.value)
	for name, value := range attributes(d.t, d.value(typ, i.identity.IdentityData)) {
		if !value.Equal(state[name]) {
			d.t.Errorf("%s of the identity of %s is %s, and %s in the state", name, kind, value, state[name])
		}
	}
}

func (d *driver) newIdentity(kind string, values arguments) *tfprotov6.ResourceIdentityData {
	d.t.Helper()
	typ := d.identityType(kind)
	return &tfprotov6.ResourceIdentityData{IdentityData: d.dynamic(typ, d.object(typ, values))}
}

// identity returns "id=…" or "environment=… project_id=…"; empty for none.
func (d *driver) identity(kind string, data *tfprotov6.ResourceIdentityData) string {
	d.t.Helper()
	if data == nil || data.IdentityData == nil {
		return ""
	}
	return d.format(d.value(d.identityType(kind), data.IdentityData))
}

// format writes the attributes of an object that are not null, in the order of their names.
func (d *driver) format(object tftypes.Value) string {
	d.t.Helper()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(attributes(d.t, object))) {
		if text := d.text(instance{value: object}, name); text != "" {
			parts = append(parts, name+"="+text)
		}
	}
	return strings.Join(parts, " ")
}

// importIdentity takes an object over, as an import block with an identity does.
func (d *driver) importIdentity(kind string, identity arguments) (instance, error) {
	d.t.Helper()
	return d.importAs(d.t.Context(), kind, &tfprotov6.ImportResourceStateRequest{TypeName: kind, Identity: d.newIdentity(kind, identity)})
}

// organization is one object of each kind.
type organization struct {
	server                         *emulatortest.Server
	project, environment, apiKeyID string
}

func newOrganization(tb testing.TB) organization {
	tb.Helper()
	server := emulatortest.Start(tb)
	project := server.CreateProject("Orders")
	environment := server.CreateEnvironment(project.ID, "EU Production")
	id, _ := server.GenerateKey(project.ID, environment.Slug)
	return organization{server, project.ID, environment.ID, id}
}

// importable is an object by the two ways to import it, and its block.
type importable struct {
	id               string
	identity, config arguments
}

// imports are the objects by their kinds.
func (o organization) imports() map[string]importable {
	return map[string]importable{
		projectKind:     {o.project, arguments{"id": o.project}, arguments{"name": "Orders"}},
		environmentKind: {o.project + "/eu-production", arguments{"id": o.environment}, arguments{"name": "EU Production", "project_id": o.project}},
		keyKind: {
			o.project + "/eu-production",
			arguments{"project_id": o.project, "environment": "eu-production"},
			arguments{"project_id": o.project, "environment": "eu-production"},
		},
	}
}

// A state from before identities existed gets one at the next read, or at an update without a read. What is
// gone leaves it.
func TestIdentity_olderState(t *testing.T) {
	t.Parallel()
	for kind, way := range newOrganization(t).imports() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := newOrganization(t)
			way = o.imports()[kind]
			l := newLife(newDriver(t, o.server, minutesLater), kind)
			older, err := l.provider.importID(t.Context(), kind, way.id)
			if err != nil {
				t.Fatal(err)
			}
			older.identity = nil
			l.state = older
			l.changesNothing(way.config)
			if !l.state.value.Equal(older.value) {
				t.Errorf("the read changes the state from %s to %s", older.value, l.state.value)
			}

			change := arguments{"deletion_protection": false}
			if kind == keyKind {
				change = arguments{"rotate_after_days": int64(90)}
			}
			if _, p, err := l.provider.next().apply(t.Context(), kind, older, way.config.with(change)); err != nil || p.action != "update" {
				t.Errorf("%s: %v", p.action, err)
			}
			o.server.DeleteProject(o.project)
			l.state = older
			l.changesNothing(nil)
			if !l.state.value.IsNull() {
				t.Errorf("the state still has %s", l.state.value)
			}
		})
	}
}

// Identities that are wrong, malformed or incomplete are refused, with what to write instead.
func TestIdentity_refused(t *testing.T) {
	t.Parallel()
	o := newOrganization(t)
	o.server.CreateEnvironment("", "Load test")
	other := o.server.CreateProject("Refunds").ID
	for name, test := range map[string]struct {
		kind     string
		identity arguments
		says     []string
	}{
		"project that does not exist":     {projectKind, arguments{"id": "nobody"}, []string{"Unable to Import Project", `no project with the id "nobody"`}},
		"project by its name":             {projectKind, arguments{"id": "My Orders"}, []string{"Invalid Import Identity", `id = "My Orders"`, "A name or a slug is not an id", "identity = {"}},
		"project without an id":           {projectKind, arguments{}, []string{"Invalid Import Identity", "id is missing", "identity = {"}},
		"environment that does not exist": {environmentKind, arguments{"id": "nobody"}, []string{"Unable to Import Environment", `no environment "nobody"`}},
		"environment by its slug":         {environmentKind, arguments{"id": "load-test"}, []string{"Unable to Import Environment", `no environment "load-test"`}},
		"environment without an id":       {environmentKind, arguments{}, []string{"Invalid Import Identity", "id is missing"}},
		"key of an unknown project":       {keyKind, arguments{"project_id": "nobody", "environment": "prd"}, []string{"Unable to Import API Key", `no project with the id "nobody"`}},
		"key of an unknown environment":   {keyKind, arguments{"project_id": other, "environment": "prod"}, []string{"Unable to Import API Key", `no environment with the slug "prod"`}},
		"key where there is none":         {keyKind, arguments{"project_id": other, "environment": "prd"}, []string{"Unable to Import API Key", `no active key in the environment "prd"`}},
		"key without an environment":      {keyKind, arguments{"project_id": other}, []string{"Invalid Import Identity", "environment is missing", `project_id  = "`, `environment = "prd"`}},
		"key by names":                    {keyKind, arguments{"project_id": "My Orders", "environment": "EU Production"}, []string{"Invalid Import Identity", `project_id = "My Orders"`, `environment = "EU Production"`}},
		"key by itself":                   {keyKind, arguments{"project_id": other, "environment": "tl_" + strings.Repeat("s3cret", 6)}, []string{"Invalid Import Identity", `environment = "tl_****`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newDriver(t, o.server, time.Now).importIdentity(test.kind, test.identity)
			refuses(t, err, test.says...)
		})
	}
}

// identityHCL imports each kind by its identity.
func (o organization) identityHCL() string {
	by := func(address, identity string) string {
		return fmt.Sprintf("import {\n  to       = %s\n  identity = { %s }\n}\n", address, identity)
	}
	return by("traceloop_project.orders", fmt.Sprintf("id = %q", o.project)) + resourceOf(projectKind, "orders", named("Orders")) +
		by("traceloop_environment.eu", fmt.Sprintf("id = %q", o.environment)) + resourceOf(environmentKind, "eu", "project_id = traceloop_project.orders.id", named("EU Production")) +
		by("traceloop_api_key.orders", fmt.Sprintf(`project_id = %q, environment = "eu-production"`, o.project)) +
		resourceOf(keyKind, "orders", "project_id = traceloop_project.orders.id", "environment = traceloop_environment.eu.slug")
}

// The CLI imports by identity and keeps identities.
func TestCLI_importByIdentity(t *testing.T) {
	t.Parallel()
	needs(t, identities)
	o := newOrganization(t)
	cli := newCLI(t, o.server)
	cli.write(o.identityHCL())
	shows(t, cli.apply(), "3 to import, 0 to add, 0 to change, 0 to destroy")
	shows(t, cli.plan(), "No changes")

	content, err := os.ReadFile(filepath.Join(cli.Dir, "terraform.tfstate"))
	if n := strings.Count(string(content), `"identity": {`); err != nil || n != 3 {
		t.Errorf("the state has %d identities, want 3: %v", n, err)
	}
	noWrites(t, o.server)
}
