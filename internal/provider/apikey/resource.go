// Package apikey is the API keys: the resource, the data sources, the list resource, the ephemeral
// resource that opens a sealed key, and the action that revokes a key.
package apikey

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var _ base.ManagedResource = (*managedResource)(nil)

const (
	typeName = "traceloop_api_key"
	maxDays  = 3650 // of rotate_after_days
	// onceRevoked is what a failed generation says of the key that it was to replace.
	onceRevoked = "Applications that use it cannot send traces until an apply succeeds and they have the new key."
)

var identity = []base.IdentityAttribute{
	{Name: "project_id", Description: "Id of the project that the key sends traces to.", Example: "cm9v2g95l0000qz8k5h3d7f1a", Pattern: base.IDPattern, Message: base.IDMessage},
	{Name: "environment", Description: "Slug of the environment that the key sends traces to.", Example: "prd", Pattern: base.SlugPattern, Message: base.SlugMessage},
}

// NewResource returns the resource traceloop_api_key.
func NewResource() resource.Resource {
	return &managedResource{base.NewResource("api_key", identity, base.Configure)}
}

type managedResource struct{ base.IdentifiedResource }

type resourceModel struct {
	model
	RotationTriggers types.Map    `tfsdk:"rotation_triggers"`
	RotateAfterDays  types.Number `tfsdk:"rotate_after_days"`
	RotateAt         types.String `tfsdk:"rotate_at"`
	AgeRecipients    types.Set    `tfsdk:"age_recipients"`
	ExistingKeyWO    types.String `tfsdk:"existing_key_wo"`
	ReplaceExisting  types.Bool   `tfsdk:"replace_existing"`
	Key              types.String `tfsdk:"key"`
	EncryptedKey     types.String `tfsdk:"encrypted_key"`
}

func (r *managedResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API key, with which an application sends traces to one environment of a project.\n\n" +
			"Traceloop shows a key only once, when it is generated. Each environment of a project holds one key. **So a rotation revokes the key, then generates another.** " +
			"Traceloop refuses the traces of your application until it has the new key. Destroying this resource revokes the key at once.\n\n" +
			"~> The state stores the key in `key`, unless `age_recipients` seals it. Protect the state like the key itself: use a backend with encryption and access control.",
		Attributes: map[string]schema.Attribute{
			"id": base.ComputedAttribute("Id of the key, assigned by Traceloop. It is not secret."),
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the key sends traces to. Changing it revokes the key and generates another.",
				Required:            true,
				Validators:          base.IDValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Slug of the environment that the key sends traces to: `dev`, `stg`, `prd`, or the `slug` of a `traceloop_environment`. Changing it revokes the key and generates another.",
				Required:            true,
				Validators:          base.SlugValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"rotation_triggers": schema.MapAttribute{
				MarkdownDescription: "Any map of strings. Changing the map rotates the key. Adding the first map, or removing it, does not. `{}` counts as a map.",
				ElementType:         types.StringType,
				Optional:            true,
				PlanModifiers: []planmodifier.Map{
					mapplanmodifier.RequiresReplaceIf(replaceOnTriggers,
						"Changing the map rotates the key. Adding the first map, or removing it, does not.",
						"Changing the map rotates the key. Adding the first map, or removing it, does not."),
				},
			},
			"rotate_after_days": schema.NumberAttribute{
				MarkdownDescription: "Age in days, a whole number from 1 to 3650, at which a plan rotates the key. Default: never. Changing it moves `rotate_at`; if the new time has passed, the same plan rotates the key. " +
					"A plan warns in the last 7 days. The key does not rotate by itself: run plan and apply on a schedule, without `-refresh=false`.",
				Optional:   true,
				Validators: []validator.Number{base.WholeNumber(1, maxDays)},
			},
			"rotate_at": base.ComputedAttribute("When the key is due for rotation: `created_at` plus `rotate_after_days`, as an RFC 3339 time in UTC. Null without `rotate_after_days`."),
			"age_recipients": schema.SetAttribute{
				MarkdownDescription: "Public keys that seal the key before it reaches the state: age X25519 (`age1…`), `ssh-ed25519` or `ssh-rsa`; at least one, each in a string of its own. The sealed key is in `encrypted_key`, and `key` is null. " +
					"Changing it rotates the key. If `existing_key_wo` supplies the key, the provider seals that key again instead. If the state has no key value, the change only updates the state. Default: the key is not sealed.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  base.RecipientsValidator,
			},
			"existing_key_wo": schema.StringAttribute{
				MarkdownDescription: "The full key of an imported resource, for example from a secret manager. It must match `masked_key`, where Traceloop shows enough of it. The provider stores it in `key`, or seals it into `encrypted_key`, and does not rotate it. " +
					"Remove this argument once the state has the key. Needs Terraform or OpenTofu 1.11.",
				Optional:   true,
				Sensitive:  true,
				WriteOnly:  true,
				Validators: []validator.String{base.ExistingKeyValidator()},
			},
			"replace_existing": schema.BoolAttribute{
				MarkdownDescription: "Whether generating this key may revoke a key that the environment already has, no matter who uses it. The plan warns which key that is if it knows the place, and the apply names the key that it revoked. A key that is younger than the apply is never revoked. With `false`, apply refuses to generate a key where there is one. If several resources exchange their environments in one apply, each needs `true`. Default: `false`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"key": schema.StringAttribute{
				MarkdownDescription: "The key itself. Null when `age_recipients` seals it, and after an import without `existing_key_wo`.",
				Computed:            true,
				Sensitive:           true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_key": base.ComputedAttribute("The key, sealed to `age_recipients`, as an armored age file. The ephemeral resource `traceloop_api_key` decrypts it. Null without recipients."),
			"masked_key":    base.ComputedAttribute("The key with stars between its prefix and its last 4 characters, or as Traceloop shows it."),
			"created_at":    base.CreatedAtAttribute("key"),
		},
	}
}

func (r *managedResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.create(ctx, &plan, resp)
	resp.Diagnostics = r.Applied.NameDestroyed(placeOf(plan.request()), typeName, resp.Diagnostics)
}

func (r *managedResource) create(ctx context.Context, plan *resourceModel, resp *resource.CreateResponse) {
	var recipients []string
	resp.Diagnostics.Append(plan.AgeRecipients.ElementsAs(ctx, &recipients, false)...)
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}
	generated := r.generateOrReplace(ctx, client, *plan, &resp.Diagnostics)
	if generated == nil {
		return
	}

	// Only this answer contains the key, so save it before anything that can fail.
	place := placeOf(plan.request())
	asked := plan.model
	plan.model = generatedModel(*generated)
	keepPlace(&plan.model, asked, &resp.Diagnostics)
	if plan.ID.IsNull() {
		addNoID(plan.Describe(), "The state has the key, so nothing is lost. The next plan looks for the id again", &resp.Diagnostics)
	}
	plan.setRotateAt()
	if err := plan.setKey(generated.Key, recipients); err != nil {
		r.addSealError(ctx, client, generated.APIKey, err, &resp.Diagnostics)
		return
	}
	base.SetIdentity(resp.Identity, identity, plan.ProjectID, plan.Environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
	r.Applied.Created(place, typeName)
}

func (r *managedResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state *resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	base.CompleteIdentity(resp.Identity, identity, state.ProjectID, state.Environment)

	before := state.model
	if !r.findID(ctx, client, state, &resp.Diagnostics) {
		if resp.Diagnostics.HasError() {
			return
		}
		addNoID(state.Describe(), "The state keeps the key, and the next plan looks again", &resp.Diagnostics)
		return
	}
	if r.KeysRead.Add(state.ID.ValueString()) {
		r.Ledger.ReadAgain(state.handle())
	}
	key := r.stored(*state, resp.Private).Read(ctx, &resp.State, &resp.Diagnostics)
	if key == nil {
		return
	}
	refreshed := newModel(*key)
	if refreshed.MaskedKey.IsNull() {
		refreshed.MaskedKey = state.MaskedKey // made from the key when it was generated
	}
	keepPlace(&refreshed, state.model, &resp.Diagnostics)
	if refreshed != before {
		state.model = refreshed
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
	r.Ledger.Read(state.object(base.AddressToken(ctx, resp.Private, &resp.Diagnostics))).Report(&resp.Diagnostics)
}

// sameGeneration is how far apart the two times of one key may be that the answer to its generation and
// the list show.
const sameGeneration = time.Minute

// findID looks for the id of a key in the list, if the answer to its generation had none: the key of the
// same place and time. It reports whether the id is known.
func (r *managedResource) findID(ctx context.Context, client *traceloop.Client, state *resourceModel, diags *diag.Diagnostics) bool {
	if !state.ID.IsNull() {
		return true
	}
	key, err := activeKey(ctx, client.ListAPIKeysUncached, state.request())
	if err != nil {
		diags.AddError("Unable to Read API Key", r.Failure("find the id of the "+state.Describe(), err))
		return false
	}
	generated, err := time.Parse(time.RFC3339, state.CreatedAt.ValueString())
	if key != nil && err == nil && key.CreatedAt.Sub(generated).Abs() <= sameGeneration {
		state.ID = types.StringValue(key.ID)
	}
	return !state.ID.IsNull()
}

// stored is the key for what every object of a state needs.
func (r *managedResource) stored(state resourceModel, private base.PrivateState) *base.Stored[traceloop.APIKey] {
	client, id := r.ManagementIfKnown(), state.ID.ValueString()
	return &base.Stored[traceloop.APIKey]{
		Object: state.object(""), Data: r.Data, Kind: "API Key", ProjectID: state.ProjectID.ValueString(), CreatedAt: state.CreatedAt, Private: private,
		Get: func(ctx context.Context) (*traceloop.APIKey, error) { return client.GetAPIKey(ctx, id) },
		List: func(ctx context.Context) iter.Seq2[traceloop.APIKey, error] {
			return client.ListAPIKeysUncached(ctx, traceloop.APIKeyFilter{})
		},
		Is:     func(k traceloop.APIKey) bool { return k.ID == id },
		Remove: func(ctx context.Context) error { return client.RevokeAPIKey(ctx, id) },
		Explain: func(ctx context.Context, err error) base.Explanation {
			successor := r.successor(ctx, client, state.model)
			because, next := explainVanished(state, successor)
			return base.Explanation{Certain: traceloop.IsRevoked(err) || successor != nil, Because: because, Next: next}
		},
		OnceDestroyed: onceRevoked,
	}
}

// successor returns the key that somebody has generated in the place of one, or nil if it is not known. A list
// may be older than the key: what it shows then is the key before it.
func (r *managedResource) successor(ctx context.Context, client *traceloop.Client, of model) *traceloop.APIKey {
	existing, err := r.existingKey(ctx, client, of)
	created, _ := time.Parse(time.RFC3339, of.CreatedAt.ValueString())
	if err != nil || existing == nil || existing.ID == of.ID.ValueString() || existing.CreatedAt.Before(created) {
		return nil
	}
	return existing
}

// Update calls no API: every attribute that the service knows forces replacement. It stores the
// value of an imported key if the configuration sets existing_key_wo.
func (r *managedResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config resourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var recipients []string
	resp.Diagnostics.Append(plan.AgeRecipients.ElementsAs(ctx, &recipients, false)...)
	base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if plan.Key.IsUnknown() || plan.EncryptedKey.IsUnknown() {
		key, ok := matchExistingKey(config.ExistingKeyWO, plan.model, &resp.Diagnostics)
		if !ok {
			return
		}
		if err := plan.setKey(key, recipients); err != nil {
			resp.Diagnostics.AddError("Unable to Seal API Key", fmt.Sprintf(
				"The provider cannot seal the %s to age_recipients: %s. Nothing was changed. Correct the recipients and apply again.", plan.Describe(), err))
			return
		}
	}
	plan.setRotateAt()
	base.CompleteIdentity(resp.Identity, identity, plan.ProjectID, plan.Environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *managedResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state resourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	note := base.TakeNote(ctx, resp.Private, &resp.Diagnostics)
	client, ok := r.ManagementForWriting(&resp.Diagnostics)
	if !ok {
		return
	}

	if r.RefuseOwnKey(&resp.Diagnostics, "revoke an API key", state.apiKey()) ||
		note.Next != "" && note.Next != placeOf(state.request()) && !r.canFollow(ctx, client, note, state.model, &resp.Diagnostics) {
		return
	}
	if !r.findID(ctx, client, &state, &resp.Diagnostics) {
		if !resp.Diagnostics.HasError() {
			addNoID(state.Describe(), "If that key is still active, revoke it "+revokeByHand, &resp.Diagnostics)
		}
		return
	}
	r.stored(state, resp.Private).Delete(ctx, "Unable to Revoke API Key", "revoke", note, &resp.Diagnostics)
}

// canFollow reports whether the key that replaces this one can be generated in its new place.
func (r *managedResource) canFollow(ctx context.Context, client *traceloop.Client, note base.Note, state model, diags *diag.Diagnostics) bool {
	next := requestOf(note.Next)
	existing, err := activeKey(ctx, client.ListAPIKeysUncached, next)
	missing := ""
	if err == nil && existing == nil && !isBuiltIn(next.Environment) { // this apply may create the environment later
		missing, err = missingEnvironment(ctx, client.ListEnvironmentsUncached, next.ProjectID, next.Environment)
	}
	switch {
	case err != nil:
		diags.AddError("Unable to Replace API Key", r.Failure(fmt.Sprintf(
			"check that a key can be generated in environment %q of project %s, before it revokes the %s", next.Environment, next.ProjectID, state.Describe()), err)+" Nothing was changed.")
	case missing != "":
		diags.AddAttributeError(path.Root("environment"), unknownEnvironmentSummary, missing+referToEnvironment+" Nothing was changed.")
	case existing == nil, existing.ID == note.Revokes && !r.Applied.Made.Has(note.Revokes):
		return true
	default:
		addAppeared(*existing, "Nothing was changed.", diags)
	}
	return false
}

func (r *managedResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	given := base.ImportID(req, identity, &resp.Diagnostics)
	client, ok := r.Management(&resp.Diagnostics)
	if !ok {
		return
	}
	key := r.findImported(ctx, client, given, &resp.Diagnostics)
	if key == nil {
		return
	}
	model := imported(*key)
	if r.Import(ctx, resp, model.object(""), model, model.ProjectID, model.Environment) {
		r.Remember(ctx, client, resp.Private, &resp.Diagnostics)
	}
}

// imported is the resource after an import, without the value of the key.
func imported(k traceloop.APIKey) resourceModel {
	return resourceModel{
		model:            newModel(k),
		RotationTriggers: types.MapNull(types.StringType),
		AgeRecipients:    types.SetNull(types.StringType),
		ReplaceExisting:  types.BoolValue(false),
	}
}

// findImported resolves an import id. On error it returns nil.
func (r *managedResource) findImported(ctx context.Context, client *traceloop.Client, importID string, diags *diag.Diagnostics) *traceloop.APIKey {
	projectID, environment, isPlace := strings.Cut(importID, "/")
	switch {
	case strings.HasPrefix(importID, traceloop.KeyPrefix), strings.Contains(importID, "/"+traceloop.KeyPrefix):
		diags.AddError("Invalid Import ID", fmt.Sprintf(
			"%q looks like an API key, not like the id of a key. Terraform has printed the key in full, and the command line or the import block shows it. Rotate that key. "+
				"To import it, give <project id>/<environment slug>, or the id of the key, which the data source traceloop_api_keys lists.", importID))
		return nil
	case !isPlace && base.IDPattern.MatchString(importID):
		key, err := client.GetAPIKey(ctx, importID)
		if err == nil {
			return key
		}
		if !traceloop.IsNotFound(err) {
			diags.AddError("Unable to Import API Key", r.Failure(fmt.Sprintf("read the API key with the id %q", importID), err))
			return nil
		}
		diags.AddError("Unable to Import API Key", fmt.Sprintf(
			"Traceloop has no active API key with the id %q. Give the id of a key, which the data source traceloop_api_keys lists, or <project id>/<environment slug>, such as cm9v2g95l0000qz8k5h3d7f1a/prd.", importID))
		return nil
	case !isPlace, !base.IDPattern.MatchString(projectID), !base.SlugPattern.MatchString(environment):
		base.AddInvalidImportID(diags, "API key", importID,
			"<project id>/<environment slug>, such as cm9v2g95l0000qz8k5h3d7f1a/prd",
			"<API key id>, such as cm9v2g95l0000qz8k5h3d7f1a. The key itself is not an id. Never put it on a command line")
		return nil
	}

	key, err := activeKey(ctx, client.ListAPIKeys, traceloop.APIKeyRequest{ProjectID: projectID, Environment: environment})
	switch {
	case traceloop.IsNotFound(err):
		diags.AddError("Unable to Import API Key", fmt.Sprintf(
			"Traceloop has no project with the id %q. %s", projectID, r.SuggestProject(ctx, client, "id", projectID)))
	case err != nil:
		diags.AddError("Unable to Import API Key", r.Failure(fmt.Sprintf("find the key of project %s, environment %q", projectID, environment), err))
	case key == nil:
		why, _ := missingEnvironment(ctx, client.ListEnvironmentsUncached, projectID, environment)
		if why == "" {
			why = fmt.Sprintf("The project %s has no active key in the environment %q, so there is nothing to import. Remove the import block. The next apply then generates a key.", projectID, environment)
		}
		diags.AddError("Unable to Import API Key", why)
	}
	return key
}
