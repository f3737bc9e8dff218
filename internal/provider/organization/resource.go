// Package organization is the resource that creates an organization.
package organization

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/numberdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithModifyPlan  = (*managedResource)(nil)
	_ resource.ResourceWithImportState = (*managedResource)(nil)
)

// NewResource returns the resource traceloop_organization.
func NewResource() resource.Resource {
	return &managedResource{base.Resource{Name: "organization", ConfigureWith: base.ConfigureProject}}
}

type managedResource struct{ base.Resource }

type model struct {
	ID             types.String `tfsdk:"id"`
	Name           types.String `tfsdk:"name"`
	Environments   types.Set    `tfsdk:"environments"`
	RetentionHours types.Number `tfsdk:"retention_hours"`
	AgeRecipients  types.Set    `tfsdk:"age_recipients"`
	Keys           types.Map    `tfsdk:"keys"`
	EncryptedKeys  types.Map    `tfsdk:"encrypted_keys"`

	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	const unchangeable = " It cannot be changed: apply refuses a change."
	keep := []planmodifier.Map{mapplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Creates a Traceloop organization with environments and their API keys. Only some accounts may create organizations, such as vendors that create one for each customer. " +
			"For all others, the service answers 403, \"Not allowed to create organizations\".\n\n" +
			"The operation is **documented by Traceloop**. It is the only operation for organizations: none reads, changes or deletes one. It uses the provider argument `project_api_key`. " +
			"So apply refuses a change of the organization, destroying the resource only removes it from the state, and it cannot be imported.\n\n" +
			"~> **A replacement creates a second organization, and the keys of the first one leave the state.** Neither can be undone. " +
			"While `deletion_protection` is on, a plan that would replace or destroy the organization fails.\n\n" +
			"~> Traceloop shows the keys only once. The state stores them in `keys`, unless `age_recipients` seals them. Protect the state like the keys themselves.",
		Attributes: map[string]schema.Attribute{
			"id": base.ComputedAttribute("Id of the organization, assigned by Traceloop."),
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the organization; 1 to 255 characters." + unchangeable,
				Required:            true,
				Validators:          base.NameValidator,
			},
			"environments": schema.SetAttribute{
				MarkdownDescription: "Names of the environments; at least one. Each environment gets a key. Default: the service chooses." + unchangeable,
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(base.EnvironmentNameValidator...)},
			},
			"retention_hours": schema.NumberAttribute{
				MarkdownDescription: "How long Traceloop keeps the organization's data, in hours: a whole number from 1 to 720. Default: `720` (30 days)." + unchangeable,
				Optional:            true,
				Computed:            true,
				Default:             numberdefault.StaticBigFloat(big.NewFloat(720)),
				Validators:          []validator.Number{base.WholeNumber(1, 720)},
			},
			"age_recipients": schema.SetAttribute{
				MarkdownDescription: "Public keys that seal the API keys before they reach the state: age X25519 (`age1…`), `ssh-ed25519` or `ssh-rsa`; at least one. The sealed keys are in `encrypted_keys`, and the ephemeral resource `traceloop_api_key` decrypts them. Default: the keys are not sealed." + unchangeable,
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          base.RecipientsValidator,
			},
			"keys": schema.MapAttribute{
				MarkdownDescription: "The API key of each environment, by its slug. Null when `age_recipients` seals them.",
				ElementType:         types.StringType,
				Computed:            true,
				Sensitive:           true,
				PlanModifiers:       keep,
			},
			"encrypted_keys": schema.MapAttribute{
				MarkdownDescription: "The API key of each environment, by its slug, sealed to `age_recipients`, as an armored age file. Null without recipients.",
				ElementType:         types.StringType,
				Computed:            true,
				PlanModifiers:       keep,
			},
			"deletion_protection": base.DeletionProtectionAttribute("organization"),
		},
	}
}

func (r *managedResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var plan, state *model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || r.Data == nil {
		return
	}
	switch {
	case plan == nil:
		r.planDestroy(state, &resp.Diagnostics)
	case state != nil:
		base.Note{Replaces: state.object().Handle, Protected: base.IsProtected(state.DeletionProtection)}.Set(ctx, resp.Private, &resp.Diagnostics)
		if !r.Ledger.Keep(state.object()).Report(&resp.Diagnostics) {
			state.warnChange(*plan, &resp.Diagnostics)
		}
	default:
		r.planCreate(ctx, *plan, resp)
	}
}

func (r *managedResource) planDestroy(state *model, diags *diag.Diagnostics) {
	if base.IsProtected(state.DeletionProtection) {
		base.AddProtected(diags, state.object(), base.Irreversible+loss)
		return
	}
	if !r.Ledger.Destroy(state.object()).Report(diags) {
		diags.AddWarning("Organization Will Not Be Deleted", state.forgotten())
	}
}

// planCreate also plans the second half of a replacement, which is always a forced one.
func (r *managedResource) planCreate(ctx context.Context, plan model, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	note := base.GetNote(ctx, resp.Private, diags)
	if diags.HasError() || !r.HasProjectKey(diags) {
		return
	}
	if _, refused := r.RefuseForced(ctx, note, "", base.Irreversible+loss, nil, diags); refused || !plan.Name.IsUnknown() && r.refuseSecond(plan, note.Replaces, diags) {
		return
	}
	if plan.AgeRecipients.IsNull() {
		plan.EncryptedKeys = types.MapNull(types.StringType)
	} else if !plan.AgeRecipients.IsUnknown() {
		plan.Keys = types.MapNull(types.StringType)
	}
	diags.Append(resp.Plan.Set(ctx, plan)...)
}

// refuseSecond refuses a creation in the place of a protected organization that the state has, and
// that was not planned: it is tainted. If Terraform creates its replacement first, a delete that
// refuses comes too late.
func (r *managedResource) refuseSecond(plan model, replaces base.Handle, diags *diag.Diagnostics) bool {
	at := place(plan.Name.ValueString())
	if tainted, ok := r.Ledger.Tainted(at); ok && tainted.Handle != replaces {
		diags.AddAttributeError(path.Root("deletion_protection"), "Deletion Protection Is On", fmt.Sprintf(
			"This plan would create a second organization named %q in the place of the %s, which is marked as tainted, or managed by another resource: %s. "+
				"The deletion_protection of that one is true in the state, so nothing was changed.\n\n"+
				"To keep it, use terraform untaint ADDRESS, and plan again. To create another organization as well, give it another name. %s", plan.Name.ValueString(), tainted.Name, loss, base.RefreshHint))
		return true
	}
	return r.Ledger.Create(base.Creation{Place: at, Replaces: replaces, Type: TypeName, Name: fmt.Sprintf("organization %q", plan.Name.ValueString())}).Report(diags)
}

// change is an argument that differs from the state, and why the service cannot change it.
type change struct{ argument, reason, back string }

func (m *model) changes(plan model) (all []change) {
	for _, argument := range []struct {
		name       string
		plan, have attr.Value
		reason     string
	}{
		{"name", plan.Name, m.Name, "Traceloop publishes no operation that changes an organization"},
		{"environments", plan.Environments, m.Environments, "Traceloop publishes no operation that changes an organization"},
		{"retention_hours", plan.RetentionHours, m.RetentionHours, "Traceloop publishes no operation that changes an organization"},
		{"age_recipients", plan.AgeRecipients, m.AgeRecipients, "Traceloop showed the keys once, so the provider cannot seal them again"},
	} {
		if !argument.plan.Equal(argument.have) {
			all = append(all, change{argument.name, argument.reason, argument.have.String()})
		}
	}
	return all
}

const unchangeableSummary = "Organization Cannot Be Changed"

func (m *model) describeChange(c change, outcome string) string {
	return fmt.Sprintf("The configuration changes %[2]s of the %[1]s, but %[3]s. %[5]s Set %[2]s back to %[4]s. Or ask Traceloop to change the organization, and then remove it from the configuration and from the state (terraform state rm).",
		m.Describe(), c.argument, c.reason, c.back, outcome)
}

// warnChange warns of a change. It stops nobody else's plan: apply refuses this resource alone.
func (m *model) warnChange(plan model, diags *diag.Diagnostics) {
	for _, c := range m.changes(plan) {
		diags.AddAttributeWarning(path.Root(c.argument), unchangeableSummary, m.describeChange(c, "Apply will refuse it."))
	}
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var environments, recipients []string
	resp.Diagnostics.Append(plan.Environments.ElementsAs(ctx, &environments, false)...)
	resp.Diagnostics.Append(plan.AgeRecipients.ElementsAs(ctx, &recipients, false)...)
	if problem := base.RecipientsProblem(ctx, plan.AgeRecipients); problem != "" { // they may have been unknown at validation
		resp.Diagnostics.AddError("Invalid Recipient", problem+" No organization was created. Give a public key.")
	}
	client, ok := r.ProjectForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	organization, err := client.CreateOrganization(ctx, traceloop.OrganizationRequest{
		Name: plan.Name.ValueString(), Environments: environments, RetentionHours: base.Whole(plan.RetentionHours),
	})
	if err != nil {
		r.addCreateError(plan, err, &resp.Diagnostics)
		return
	}

	// Only this answer contains the id and the keys, so keep all of it, and before anything that can fail.
	plan.ID = types.StringValue(organization.ID)
	problems := plan.setKeys(organization.Keys, recipients)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	if problems = append(organization.Problems, problems...); len(problems) > 0 {
		resp.Diagnostics.AddWarning("Organization Is Not as Requested", fmt.Sprintf(
			"The provider created the %s, and the answer is not as expected. The state has everything that the answer contains. No other answer shows it.\n\n  - %s\n\n"+
				"Compare the organization in the Traceloop dashboard with the configuration, and ask Traceloop's support for what is missing.", plan.Describe(), strings.Join(problems, "\n  - ")))
	}
}

func (r *managedResource) addCreateError(plan model, err error, diags *diag.Diagnostics) {
	attempted := fmt.Sprintf("create the organization %q", plan.Name.ValueString())
	if unknown, ok := errors.AsType[*traceloop.UnknownOutcomeError](err); ok {
		diags.AddError("Organization May Exist", fmt.Sprintf(
			"The provider tried to %s.\n\n%s\n\nThe service shows the id and the keys only once, and that answer is lost. Traceloop publishes no operation that shows whether the organization exists, and none that deletes it. "+
				"Ask Traceloop's support whether an organization %q was created at about %s. If so, ask them to delete it or to give you new keys. "+
				"Do not apply again before that: if the organization exists, another apply creates a second one.", attempted, unknown, plan.Name.ValueString(), unknown.Started.UTC().Format("2006-01-02 15:04:05 UTC")))
		return
	}
	if answer, ok := errors.AsType[*traceloop.Error](err); ok && answer.StatusCode == http.StatusForbidden {
		diags.AddError("Unable to Create Organization", fmt.Sprintf(
			"The provider tried to %s.\n\n%s\n\nOnly some organizations may create organizations. The project key comes from %s. Check that it belongs to a project of such an organization, or ask Traceloop for the permission.", attempted, err, r.ProjectKeySource()))
		return
	}
	diags.AddError("Unable to Create Organization", r.ProjectFailure(attempted, err))
}

// setKeys stores the keys, sealed if there are recipients. It returns what is wrong with them.
func (m *model) setKeys(keys []traceloop.EnvironmentKey, recipients []string) (problems []string) {
	m.Keys, m.EncryptedKeys = types.MapNull(types.StringType), types.MapNull(types.StringType)
	values := map[string]attr.Value{}
	for _, key := range keys {
		slug := cmp.Or(key.Environment, "unnamed")
		name := slug
		for i := 2; values[name] != nil; i++ {
			name = fmt.Sprintf("%s-%d", slug, i)
		}
		if name != key.Environment {
			problems = append(problems, fmt.Sprintf("A key of the environment %q is in the state as %q.", key.Environment, name))
		}
		value := key.Key
		if len(recipients) > 0 {
			sealed, err := base.Seal(value, recipients)
			if err != nil {
				problems = append(problems, fmt.Sprintf("The key of the environment %q could not be sealed to age_recipients: %s. Nobody has it.", key.Environment, err))
				continue
			}
			value = sealed
		}
		values[name] = types.StringValue(value)
	}
	all := types.MapValueMust(types.StringType, values)
	if len(recipients) > 0 {
		m.EncryptedKeys = all
	} else {
		m.Keys = all
	}
	return problems
}

// Read keeps the state, because the service has no operation that reads an organization. A state from
// before deletion_protection is protected.
func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if state.DeletionProtection.IsNull() {
		state.DeletionProtection = types.BoolValue(true)
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// NoteProtected notes an organization that the state protects, before Terraform plans it. If it does not plan
// it, the organization is tainted: refuseSecond.
func NoteProtected(d *base.Data, state []byte) {
	var read struct {
		ID                 string `json:"id"`
		Name               string `json:"name"`
		DeletionProtection *bool  `json:"deletion_protection"`
	}
	if err := json.Unmarshal(state, &read); err != nil || !base.IsProtected(types.BoolPointerValue(read.DeletionProtection)) {
		return // the framework says what is wrong
	}
	known := model{ID: types.StringValue(read.ID), Name: types.StringValue(read.Name)}
	d.Ledger.Read(known.object()) // nobody can import one, so there is no conflict
}

// Update stores deletion_protection, and refuses every other change.
func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	for _, c := range state.changes(plan) {
		resp.Diagnostics.AddAttributeError(path.Root(c.argument), unchangeableSummary, state.describeChange(c, "Nothing was changed."))
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	}
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	r.Ledger.Write()
	// The plan refuses this too, except for a tainted organization: Terraform replaces it without asking
	// the provider.
	if base.IsProtected(state.DeletionProtection) {
		base.AddProtected(&resp.Diagnostics, state.object(), base.Irreversible+loss)
		return
	}
	resp.Diagnostics.AddWarning("Organization Was Not Deleted", state.forgotten())
}

func (r *managedResource) ImportState(_ context.Context, _ resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	resp.Diagnostics.AddError("Organization Cannot Be Imported",
		"Traceloop publishes no operation that reads an organization, and shows its keys only when it is created. Keep the id of an existing organization in a variable instead.")
}

// Describe names the object in a sentence.
func (m *model) Describe() string {
	return fmt.Sprintf("organization %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// TypeName is the type of the resource.
const TypeName = "traceloop_organization"

const loss = "Traceloop publishes no operation that deletes the organization, the one that exists stays, and its keys leave the state, which may have their only copy"

func (m *model) object() base.Object {
	return base.Object{Handle: base.HandleOf("organization", m.ID.ValueString()), Place: place(m.Name.ValueString()), Type: TypeName, Name: m.Describe()}
}

// place is a name. The service may accept the same name twice, but here that is a mistake.
func place(name string) base.Handle { return base.HandleOf("organization_name", name) }

func (m *model) forgotten() string {
	return fmt.Sprintf("Traceloop publishes no operation that deletes an organization. Terraform only removes the %s from the state. The organization keeps its data, and its keys stay valid. To delete it, ask Traceloop's support and give them its id.", m.Describe())
}
