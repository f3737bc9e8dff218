package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// The kinds of resources that need the management key.
const (
	projectKind     = "traceloop_project"
	environmentKind = "traceloop_environment"
	keyKind         = "traceloop_api_key"
)

// driver speaks the plugin protocol as Terraform's core does in one plan or one apply, without
// a CLI: thousands of plans and applies a minute. Each call is about one resource, and a test may make
// those of several in one process: each is an instance with a private state of its own.
type driver struct {
	t       testing.TB
	server  tfprotov6.ProviderServer
	schemas map[string]*tfprotov6.Schema
	next    func() *driver // the provider of another plan or apply

	saying  sync.Mutex
	applied []*tfprotov6.Diagnostic // what the applies and data sources with this provider have said
}

// newServer makes a provider, as the CLI starts one.
type newServer = func() (tfprotov6.ProviderServer, error)

// instance is a resource in the state. A null value is none.
type instance struct {
	value    tftypes.Value
	identity *tfprotov6.ResourceIdentityData // nil in a state from before Terraform 1.12
	private  []byte
	tainted  bool
	forced   bool // to be replaced, as -replace and replace_triggered_by ask for

	importing string // the id of an import block that is to bring it into the state
}

// arguments are a resource's configuration: strings, bools, int64s, []string,
// map[string]string, []arguments, tftypes.Values, or nil.
type arguments map[string]any

// anHourAgo is the clock of a service whose objects are all old.
func anHourAgo() time.Time { return time.Now().Add(-time.Hour) }

// minutesLater is a clock by which the service has had time to show what is new: what it does not find then is gone.
func minutesLater() time.Time { return time.Now().Add(3 * time.Minute) }

func newDriver(tb testing.TB, server *emulatortest.Server, now func() time.Time) *driver {
	tb.Helper()
	return newDriverWith(tb, now, arguments{"base_url": server.URL, "api_key": server.ManagementKey})
}

// newDriverWith takes the whole configuration of the provider.
func newDriverWith(tb testing.TB, now func() time.Time, settings arguments) *driver {
	tb.Helper()
	return newDriverOf(tb, provider.NewServer(now), settings)
}

// newDriverOf takes the provider too, which may have other paths or its own way to sleep.
func newDriverOf(tb testing.TB, newServer newServer, settings arguments) *driver {
	tb.Helper()
	d, err := startDriver(tb, newServer, settings)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// startDriver returns what the provider says of a configuration that it refuses.
func startDriver(tb testing.TB, newServer newServer, settings arguments) (*driver, error) {
	tb.Helper()
	providerServer, err := newServer()
	if err != nil {
		tb.Fatal(err)
	}
	schema, err := providerSchema()
	if err != nil {
		tb.Fatal(err)
	}
	d := &driver{t: tb, server: providerServer, schemas: schema.ResourceSchemas}
	d.next = func() *driver { return newDriverOf(tb, newServer, settings) }

	configType := schema.Provider.ValueType()
	config := d.dynamic(configType, d.object(configType, settings))
	validated := ask(tb.Context(), tb, d.server.ValidateProviderConfig, &tfprotov6.ValidateProviderConfigRequest{Config: config})
	if err := failure(validated.Diagnostics); err != nil {
		return nil, err
	}
	configured := ask(tb.Context(), tb, d.server.ConfigureProvider, &tfprotov6.ConfigureProviderRequest{Config: config, TerraformVersion: "1.11.4"})
	return d, failure(configured.Diagnostics)
}

// providerSchema asks once; a driver starts thousands of providers.
var providerSchema = sync.OnceValues(func() (*tfprotov6.GetProviderSchemaResponse, error) {
	server, err := provider.NewServer(time.Now)()
	if err != nil {
		return nil, err
	}
	return server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
})

// ask makes a call of the protocol. What is wrong is in its diagnostics: the call itself does not fail.
func ask[Request, Response any](ctx context.Context, tb testing.TB, call func(context.Context, Request) (Response, error), request Request) Response {
	tb.Helper()
	response, err := call(ctx, request)
	if err != nil {
		tb.Fatal(err)
	}
	return response
}

// schema is all that the provider declares.
func (d *driver) schema() *tfprotov6.GetProviderSchemaResponse {
	d.t.Helper()
	schema, err := providerSchema()
	if err != nil {
		d.t.Fatal(err)
	}
	return schema
}

// none is a resource that is not in the state.
func (d *driver) none(kind string) instance {
	return instance{value: tftypes.NewValue(d.schemas[kind].ValueType(), nil)}
}

// refresh reads the instance, or imports it, as every plan does first.
func (d *driver) refresh(ctx context.Context, kind string, prior instance) (instance, error) {
	if prior.importing != "" {
		imported, err := d.importID(ctx, kind, prior.importing)
		imported.forced = prior.forced
		return imported, err
	}
	if prior.value.IsNull() {
		return prior, nil
	}
	if err := d.decode(ctx, kind, prior); err != nil {
		return prior, err
	}
	typ := d.schemas[kind].ValueType()
	resp := ask(ctx, d.t, d.server.ReadResource, &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: d.dynamic(typ, prior.value), CurrentIdentity: prior.identity, Private: prior.private})
	d.checkMessages(kind, resp.Diagnostics)
	if err := failure(resp.Diagnostics); err != nil {
		return prior, err
	}
	after := instance{value: d.value(typ, resp.NewState), identity: resp.NewIdentity, private: resp.Private, tainted: prior.tainted, forced: prior.forced}
	if after.value.IsNull() {
		after.identity, after.tainted, after.forced = nil, false, false
	}
	d.checkIdentity(kind, after)
	return after, nil
}

// decode hands an object of the state over, as a plan and an apply do first.
func (d *driver) decode(ctx context.Context, kind string, prior instance) error {
	state, err := json.Marshal(map[string]string{"id": d.text(prior, "id")})
	if err != nil {
		return err
	}
	resp := ask(ctx, d.t, d.server.UpgradeResourceState, &tfprotov6.UpgradeResourceStateRequest{TypeName: kind, RawState: &tfprotov6.RawState{JSON: state}})
	return failure(resp.Diagnostics)
}

// importID takes an object over, as an import block does.
func (d *driver) importID(ctx context.Context, kind, id string) (instance, error) {
	return d.importAs(ctx, kind, &tfprotov6.ImportResourceStateRequest{TypeName: kind, ID: id})
}

func (d *driver) importAs(ctx context.Context, kind string, request *tfprotov6.ImportResourceStateRequest) (instance, error) {
	resp, err := d.server.ImportResourceState(ctx, request)
	if err != nil {
		return d.none(kind), err
	}
	if err := failure(resp.Diagnostics); err != nil {
		return d.none(kind), err
	}
	if len(resp.ImportedResources) != 1 {
		d.t.Fatalf("the import of %v made %d resources", request, len(resp.ImportedResources))
	}
	imported := resp.ImportedResources[0]
	return d.refresh(ctx, kind, instance{value: d.value(d.schemas[kind].ValueType(), imported.State), identity: imported.Identity, private: imported.Private})
}

// planResult is what a plan makes of an instance.
type planResult struct {
	prior    instance // what it compares with
	action   string   // "", create, update, replace or delete
	forcedBy []string // the attributes that force a replacement
	config   tftypes.Value
	value    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
	diags    []*tfprotov6.Diagnostic
}

// plan compares with a configuration; nil is none, which destroys.
func (d *driver) plan(ctx context.Context, kind string, prior instance, config arguments) (planResult, error) {
	typ := d.schemas[kind].ValueType()
	p := planResult{prior: prior, config: tftypes.NewValue(typ, nil)}
	if config != nil {
		p.config = d.object(typ, config)
		if err := d.validate(ctx, kind, &p); err != nil {
			return p, err
		}
	} else if prior.value.IsNull() {
		return p, nil // core does not ask
	}
	if prior.tainted && config != nil {
		if err := d.planOnce(ctx, kind, d.none(kind), &p); err != nil {
			return p, err
		}
		p.action = "replace"
		return p, nil
	}
	if err := d.planOnce(ctx, kind, prior, &p); err != nil {
		return p, err
	}
	if prior.forced && config != nil {
		p.action = "replace"
	}
	if p.action == "replace" {
		second := d.none(kind)
		second.private, second.identity = p.private, p.identity // as core does, although they are those of the old object
		err := d.planOnce(ctx, kind, second, &p)
		return p, err
	}
	return p, nil
}

// validate checks the configuration, as core does before each plan.
func (d *driver) validate(ctx context.Context, kind string, p *planResult) error {
	resp := ask(ctx, d.t, d.server.ValidateResourceConfig, &tfprotov6.ValidateResourceConfigRequest{
		TypeName: kind, Config: d.dynamic(d.schemas[kind].ValueType(), p.config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	p.diags = append(p.diags, resp.Diagnostics...)
	return failure(resp.Diagnostics)
}

func (d *driver) planOnce(ctx context.Context, kind string, prior instance, p *planResult) error {
	typ := d.schemas[kind].ValueType()
	resp := ask(ctx, d.t, d.server.PlanResourceChange, &tfprotov6.PlanResourceChangeRequest{
		TypeName:         kind,
		PriorState:       d.dynamic(typ, prior.value),
		ProposedNewState: d.dynamic(typ, d.proposed(kind, prior.value, p.config)),
		Config:           d.dynamic(typ, p.config),
		PriorPrivate:     prior.private,
		PriorIdentity:    prior.identity,
	})
	d.checkMessages(kind, resp.Diagnostics)
	p.diags = append(p.diags, resp.Diagnostics...)
	if err := failure(resp.Diagnostics); err != nil {
		return err
	}
	p.value, p.identity, p.private = d.value(typ, resp.PlannedState), resp.PlannedIdentity, resp.PlannedPrivate
	if err := d.planValid(kind, prior.value, *p); err != nil {
		return err
	}
	second := p.action == "replace"
	if !second {
		p.forcedBy = d.forcing(prior.value, p.value, resp.RequiresReplace)
	}
	switch {
	case second:
	case prior.value.IsNull() && p.value.IsNull():
	case prior.value.IsNull():
		p.action = "create"
	case p.value.IsNull():
		p.action = "delete"
	case len(p.forcedBy) > 0:
		p.action = "replace"
	case !prior.value.Equal(p.value):
		p.action = "update"
	}
	return nil
}

// planValid is core's check that a plan keeps to the configuration.
func (d *driver) planValid(kind string, prior tftypes.Value, p planResult) error {
	was, config, planned := attributes(d.t, prior), attributes(d.t, p.config), attributes(d.t, p.value)
	if (config == nil) != (planned == nil) {
		return fmt.Errorf("provider produced invalid plan: there is a plan: %t, and a configuration: %t", planned != nil, config != nil)
	}
	for _, attribute := range d.schemas[kind].Block.Attributes {
		name := attribute.Name
		if planned != nil && attribute.NestedType != nil && attribute.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeList {
			config[name] = d.filledIn(attribute.NestedType, config[name], planned[name])
		}
		given := config[name].IsKnown() && !config[name].IsNull()
		switch {
		case planned == nil:
		case attribute.WriteOnly:
			if !planned[name].IsNull() {
				return fmt.Errorf("provider produced invalid plan: it shows the write-only %s", name)
			}
		case !attribute.Computed || given:
			if !equal(planned[name], config[name]) && (was == nil || was[name].IsNull() || !given || !equal(planned[name], was[name])) {
				return fmt.Errorf("provider produced invalid plan: %s is %s, and configured as %s", name, planned[name], config[name])
			}
		}
	}
	return nil
}

// filledIn is a configured list of objects with the computed attributes that its plan fills in.
func (d *driver) filledIn(nested *tfprotov6.SchemaObject, config, planned tftypes.Value) tftypes.Value {
	var given, filled []tftypes.Value
	if config.IsNull() || !config.IsKnown() || config.As(&given) != nil || planned.As(&filled) != nil || len(given) != len(filled) {
		return config
	}
	objects := make([]tftypes.Value, len(given))
	for i := range given {
		object, from := attributes(d.t, given[i]), attributes(d.t, filled[i])
		for _, attribute := range nested.Attributes {
			if attribute.Computed && object[attribute.Name].IsNull() {
				object[attribute.Name] = from[attribute.Name]
			}
		}
		objects[i] = tftypes.NewValue(given[i].Type(), object)
	}
	return tftypes.NewValue(config.Type(), objects)
}

// equal compares as core does: a set has no order.
func equal(a, b tftypes.Value) bool {
	if a.Type().Is(tftypes.Set{}) && b.Type().Is(tftypes.Set{}) && a.IsKnown() && b.IsKnown() && !a.IsNull() && !b.IsNull() {
		var all [2][]tftypes.Value
		if a.As(&all[0]) != nil || b.As(&all[1]) != nil {
			return false
		}
		for _, elements := range all {
			slices.SortFunc(elements, func(x, y tftypes.Value) int { return strings.Compare(x.String(), y.String()) })
		}
		return slices.EqualFunc(all[0], all[1], tftypes.Value.Equal)
	}
	return a.Equal(b)
}

// forcing returns the attributes that force a replacement. Core ignores those that do not change.
func (d *driver) forcing(prior, planned tftypes.Value, paths []*tftypes.AttributePath) []string {
	if prior.IsNull() || planned.IsNull() {
		return nil
	}
	var names []string
	for _, path := range paths {
		before, _, err := tftypes.WalkAttributePath(prior, path)
		if err != nil {
			d.t.Fatal(err)
		}
		after, _, err := tftypes.WalkAttributePath(planned, path)
		if err != nil {
			d.t.Fatal(err)
		}
		if b, ok := before.(tftypes.Value); !ok || !b.Equal(after.(tftypes.Value)) {
			names = append(names, string(path.Steps()[0].(tftypes.AttributeName)))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// apply plans, and applies with the provider of another process. What it returns is in the
// state even if there is an error.
func (d *driver) apply(ctx context.Context, kind string, prior instance, config arguments) (instance, planResult, error) {
	p, err := d.plan(ctx, kind, prior, config)
	if err != nil || p.action == "" {
		return prior, p, err
	}
	after, err := d.next().carryOut(ctx, kind, prior, p)
	return after, p, err
}

// create applies the creation of a resource, with this provider.
func (d *driver) create(ctx context.Context, kind string, config arguments) (instance, error) {
	typ := d.schemas[kind].ValueType()
	return d.carryOut(ctx, kind, d.none(kind), planResult{action: "create", config: d.object(typ, config), value: tftypes.NewValue(typ, tftypes.UnknownValue)})
}

// carryOut applies a plan.
func (d *driver) carryOut(ctx context.Context, kind string, prior instance, planned planResult) (instance, error) {
	after, err := d.carryOutDelete(ctx, kind, prior, planned)
	if err != nil || planned.action == "delete" {
		return after, err
	}
	return d.carryOutRest(ctx, kind, after, planned)
}

// carryOutDelete applies the delete in a plan, if there is one.
func (d *driver) carryOutDelete(ctx context.Context, kind string, prior instance, planned planResult) (instance, error) {
	if !prior.value.IsNull() {
		if err := d.decode(ctx, kind, prior); err != nil {
			return prior, err
		}
	}
	if planned.action != "replace" && planned.action != "delete" {
		return prior, nil
	}
	null := tftypes.NewValue(d.schemas[kind].ValueType(), nil)
	return d.applyOnce(ctx, kind, prior, planResult{config: null, value: null, private: planned.private})
}

// carryOutRest applies what is no delete. Core validates the configuration and plans it once more,
// with all values known, and holds the provider to what it has planned before.
func (d *driver) carryOutRest(ctx context.Context, kind string, prior instance, planned planResult) (instance, error) {
	p := planResult{config: planned.config}
	if err := d.validate(ctx, kind, &p); err != nil {
		return prior, err
	}
	if err := d.planOnce(ctx, kind, prior, &p); err != nil {
		return prior, err
	}
	if p.action != planned.action && (planned.action != "replace" || p.action != "create") {
		return prior, fmt.Errorf("provider produced inconsistent final plan: %s after %s", p.action, planned.action)
	}
	if planned.value.IsKnown() {
		before := attributes(d.t, planned.value)
		for name, after := range attributes(d.t, p.value) {
			if before[name].IsFullyKnown() && !before[name].Equal(after) {
				return prior, fmt.Errorf("provider produced inconsistent final plan: %s", name)
			}
		}
	}
	return d.applyOnce(ctx, kind, prior, p)
}

func (d *driver) applyOnce(ctx context.Context, kind string, prior instance, p planResult) (instance, error) {
	typ := d.schemas[kind].ValueType()
	resp := ask(ctx, d.t, d.server.ApplyResourceChange, &tfprotov6.ApplyResourceChangeRequest{
		TypeName:        kind,
		PriorState:      d.dynamic(typ, prior.value),
		PlannedState:    d.dynamic(typ, p.value),
		Config:          d.dynamic(typ, p.config),
		PlannedPrivate:  p.private,
		PlannedIdentity: p.identity,
	})
	d.saying.Lock()
	d.applied = append(d.applied, resp.Diagnostics...)
	d.saying.Unlock()
	d.checkMessages(kind, resp.Diagnostics)
	err := failure(resp.Diagnostics)
	after := instance{value: d.value(typ, resp.NewState), identity: resp.NewIdentity, private: resp.Private}
	if err == nil {
		err = d.resultKeepsTo(p.value, after.value)
		d.checkIdentity(kind, after)
		if strings.Contains(string(after.private), `"replaces"`) { // it tells the halves of a replacement apart, and is gone after that
			d.t.Errorf("the private state of %s keeps the note of a replacement: %s", kind, after.private)
		}
	}
	// Core marks what a failed creation left as tainted.
	after.tainted = err != nil && prior.value.IsNull() && !after.value.IsNull() || prior.tainted && err != nil
	return after, err
}

// resultKeepsTo is core's check that an apply does what was planned, and leaves nothing unknown.
func (d *driver) resultKeepsTo(planned, after tftypes.Value) error {
	if planned.IsNull() != after.IsNull() || !after.IsFullyKnown() {
		return fmt.Errorf("provider produced inconsistent result after apply: %s after %s", after, planned)
	}
	results := attributes(d.t, after)
	for name, value := range attributes(d.t, planned) {
		if value.IsFullyKnown() && !equal(value, results[name]) {
			return fmt.Errorf("provider produced inconsistent result after apply: %s", name)
		}
	}
	return nil
}

// proposed is core's objchange.ProposedNew for the flat schemas of this provider.
func (d *driver) proposed(kind string, prior, config tftypes.Value) tftypes.Value {
	if config.IsNull() {
		return config
	}
	was, now := attributes(d.t, prior), attributes(d.t, config)
	for _, attribute := range d.schemas[kind].Block.Attributes {
		switch {
		case attribute.WriteOnly:
			now[attribute.Name] = tftypes.NewValue(attribute.Type, nil)
		case attribute.Computed && now[attribute.Name].IsNull() && was != nil:
			now[attribute.Name] = was[attribute.Name]
		}
	}
	return tftypes.NewValue(d.schemas[kind].ValueType(), now)
}

// text returns a string attribute of an instance; empty when it is null.
func (d *driver) text(i instance, name string) string {
	value, ok := attributes(d.t, i.value)[name]
	if !ok || value.IsNull() {
		return ""
	}
	var s string
	if err := value.As(&s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

func attributes(tb testing.TB, object tftypes.Value) map[string]tftypes.Value {
	tb.Helper()
	var all map[string]tftypes.Value
	if object.IsNull() {
		return nil
	}
	if err := object.As(&all); err != nil {
		tb.Fatal(err)
	}
	return maps.Clone(all) // As returns the map of the value itself
}

// object makes a configuration; what it does not name is null.
func (d *driver) object(typ tftypes.Type, config arguments) tftypes.Value {
	values := map[string]tftypes.Value{}
	for name, attribute := range typ.(tftypes.Object).AttributeTypes {
		given := config[name]
		switch v := given.(type) {
		case tftypes.Value:
			values[name] = v
			continue
		case float64:
			given = inHCL(d.t, strconv.FormatFloat(v, 'g', -1, 64))
		case []string:
			elements := []tftypes.Value{}
			for _, s := range v {
				elements = append(elements, tftypes.NewValue(tftypes.String, s))
			}
			given = elements
		case []arguments:
			elements := []tftypes.Value{}
			for _, a := range v {
				elements = append(elements, d.object(elementType(attribute), a))
			}
			given = elements
		case map[string]string:
			elements := map[string]tftypes.Value{}
			for k, s := range v {
				elements[k] = tftypes.NewValue(tftypes.String, s)
			}
			given = elements
		}
		values[name] = tftypes.NewValue(attribute, given)
	}
	for name := range config {
		if _, ok := values[name]; !ok {
			d.t.Fatalf("there is no attribute %q", name)
		}
	}
	return tftypes.NewValue(typ, values)
}

// inHCL is a number as the Terraform language reads it.
func inHCL(tb testing.TB, digits string) *big.Float {
	tb.Helper()
	number, _, err := big.ParseFloat(digits, 10, 512, big.ToNearestEven)
	if err != nil {
		tb.Fatal(err)
	}
	return number
}

// elementType is that of a list or a set of objects.
func elementType(collection tftypes.Type) tftypes.Type {
	if list, ok := collection.(tftypes.List); ok {
		return list.ElementType
	}
	return collection.(tftypes.Set).ElementType
}

func (d *driver) dynamic(typ tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	dynamic, err := tfprotov6.NewDynamicValue(typ, value)
	if err != nil {
		d.t.Fatal(err)
	}
	return &dynamic
}

func (d *driver) value(typ tftypes.Type, dynamic *tfprotov6.DynamicValue) tftypes.Value {
	value, err := dynamic.Unmarshal(typ)
	if err != nil {
		d.t.Fatal(err)
	}
	return value
}

// blockToCopy begins a block that a diagnostic shows.
var blockToCopy = regexp.MustCompile(`(?m)^(import|moved|removed|data "\S+" "\S+"|resource "\S+" "\S+") \{$`)

// checkMessages checks that diagnostics are anchored to attributes that the resource has, and that blocks to
// copy are valid and come last.
func (d *driver) checkMessages(kind string, diags []*tfprotov6.Diagnostic) {
	for _, diag := range diags {
		if diag.Attribute != nil {
			if _, _, err := tftypes.WalkAttributePath(d.schemas[kind].ValueType(), diag.Attribute); err != nil {
				d.t.Errorf("%q of a %s is anchored to %s: %v", diag.Summary, kind, diag.Attribute, err)
			}
		}
		at := blockToCopy.FindStringIndex(diag.Detail)
		if at == nil {
			continue
		}
		if _, problems := hclsyntax.ParseConfig([]byte(diag.Detail[at[0]:]), "", hcl.InitialPos); problems.HasErrors() {
			d.t.Errorf("the diagnostic %q does not end with valid blocks: %v\n%s", diag.Summary, problems, diag.Detail)
		}
	}
}

// failure joins the errors among diagnostics.
func failure(diags []*tfprotov6.Diagnostic) error {
	var texts []string
	for _, diag := range diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityError {
			texts = append(texts, diag.Summary+": "+diag.Detail)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(texts, "\n"))
}

// warnings returns the summaries of the warnings among diagnostics.
func warnings(diags []*tfprotov6.Diagnostic) []string {
	var summaries []string
	for _, diag := range diags {
		if diag.Severity == tfprotov6.DiagnosticSeverityWarning {
			summaries = append(summaries, diag.Summary)
		}
	}
	return summaries
}
