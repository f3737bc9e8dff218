package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
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

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

var (
	_ resource.ResourceWithConfigure   = (*apiKeyResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*apiKeyResource)(nil)
	_ resource.ResourceWithImportState = (*apiKeyResource)(nil)
	_ resource.ResourceWithIdentity    = (*apiKeyResource)(nil)
)

func newAPIKeyResource() resource.Resource {
	return &apiKeyResource{}
}

type apiKeyResource struct {
	*providerData
}

type apiKeyResourceModel struct {
	apiKeyModel
	RotationTriggers types.Map    `tfsdk:"rotation_triggers"`
	RotateAfterDays  types.Int64  `tfsdk:"rotate_after_days"`
	RotateAt         types.String `tfsdk:"rotate_at"`
	AgeRecipients    types.Set    `tfsdk:"age_recipients"`
	ExistingKeyWO    types.String `tfsdk:"existing_key_wo"`
	ReplaceExisting  types.Bool   `tfsdk:"replace_existing"`
	Key              types.String `tfsdk:"key"`
	EncryptedKey     types.String `tfsdk:"encrypted_key"`
}

func (r *apiKeyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_key"
}

func (r *apiKeyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The API key with which an application sends the traces of one project and environment.\n\n" +
			"Traceloop shows a key once, when it is generated, and each project and environment hold one key. **Rotation is therefore revoke, then generate**: between the two, and until your application has the new key, " +
			"its spans are refused. Destroying this resource revokes the key at once.\n\n" +
			"~> The key is stored in the state, in `key`, unless `age_recipients` seals it. Protect the state as you would the key: a backend with encryption and access control.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				MarkdownDescription: "Id of the key, given by Traceloop. It is not secret.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"project_id": schema.StringAttribute{
				MarkdownDescription: "Id of the project that the key sends traces to. A change revokes the key and generates another.",
				Required:            true,
				Validators:          idValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"environment": schema.StringAttribute{
				MarkdownDescription: "Slug of the environment that the key sends traces to: `dev`, `stg`, `prd`, or the `slug` of a `traceloop_environment`. A change revokes the key and generates another.",
				Required:            true,
				Validators:          slugValidator,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"rotation_triggers": schema.MapAttribute{
				MarkdownDescription: "Any map of strings. A change from one map to another rotates the key: it is revoked and another is generated; an empty map is a map. " +
					"Going from no map to a map, or from a map to none, is only recorded, so that taking over a running key never cuts an application off.",
				ElementType: types.StringType,
				Optional:    true,
				PlanModifiers: []planmodifier.Map{
					mapplanmodifier.RequiresReplaceIf(rotates,
						"A change from one map to another rotates the key; from no map, or to no map, is only recorded.",
						"A change from one map to another rotates the key; from no map, or to no map, is only recorded."),
				},
			},
			"rotate_after_days": schema.Int64Attribute{
				MarkdownDescription: "Age in days, 1 to 3650, from which a plan rotates the key. Default: never. A change on a live key moves `rotate_at` in place; if that has passed then, the same plan rotates the key. " +
					"A plan warns when 7 days or less remain. Nothing rotates by itself: run plan and apply on a schedule, and not with `-refresh=false`.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.Between(1, 3650)},
			},
			"rotate_at": schema.StringAttribute{
				MarkdownDescription: "When the key is due: `created_at` and `rotate_after_days`, as an RFC 3339 time in UTC. Null without `rotate_after_days`.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"age_recipients": schema.SetAttribute{
				MarkdownDescription: "Public keys to seal the key to before it reaches the state: age X25519 (`age1…`), `ssh-ed25519` or `ssh-rsa`. The key is then in `encrypted_key` alone, and the ephemeral resource `traceloop_api_key` opens it. At least one; leave the argument out, or null, for none. " +
					"A change rotates the key, since its plain text is not there to be sealed again. It is recorded in place where the state never held the key (imported without `existing_key_wo`), and sealed again in place where `existing_key_wo` gives the key.",
				ElementType: types.StringType,
				Optional:    true,
				Validators:  []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(recipientValidator{})},
			},
			"existing_key_wo": schema.StringAttribute{
				MarkdownDescription: "The full key, for one that was imported: Traceloop cannot show it again, but a vault may have it. It is checked against `masked_key`, then kept in `key`, or sealed into `encrypted_key`; nothing is rotated. " +
					"A key that does not match is an error. It is not read once the state has the key; remove it then. Needs Terraform or OpenTofu 1.11.",
				Optional:   true,
				Sensitive:  true,
				WriteOnly:  true,
				Validators: []validator.String{existingKeyValidator()},
			},
			"replace_existing": schema.BoolAttribute{
				MarkdownDescription: "Whether creating this resource may revoke a key that the environment has already, whoever uses it. A plan warns which key that is. Without it an occupied environment is an error. Default: `false`.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"key": schema.StringAttribute{
				MarkdownDescription: "The key itself. Null when `age_recipients` seals it, and for a key imported without `existing_key_wo`, since Traceloop shows a key only when it is generated.",
				Computed:            true,
				Sensitive:           true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"encrypted_key": schema.StringAttribute{
				MarkdownDescription: "The key, sealed to `age_recipients`: an armored age file. Null without recipients.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"masked_key": schema.StringAttribute{
				MarkdownDescription: "The key with everything between its prefix and its last 4 characters starred, as the dashboard shows it.",
				Computed:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
			},
			"created_at": createdAtAttribute("key"),
		},
	}
}

func (r *apiKeyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(apiKeyIdentity)
}

func (r *apiKeyResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.providerData = configure(req.ProviderData, &resp.Diagnostics)
}

func (r *apiKeyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan apiKeyResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	recipients := plan.recipients(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}

	r.applying.Store(true)
	generated, err := r.generateInPlace(ctx, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if err != nil {
		r.addCreateError(ctx, plan.apiKeyModel, err, &resp.Diagnostics)
		return
	}

	// Whoever loses this answer loses the key: nothing may come before the state.
	plan.apiKeyModel = newAPIKeyModel(generated.APIKey)
	plan.setRotateAt()
	if err := plan.setKey(generated.Key, recipients); err != nil {
		r.addSealError(ctx, generated.APIKey, err, &resp.Diagnostics)
		return
	}
	setIdentity(resp.Identity, apiKeyIdentity, plan.ProjectID, plan.Environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// generateInPlace generates the key. With replace_existing it revokes the key that stands in
// its place, once: one that appears after that is somebody else's.
func (r *apiKeyResource) generateInPlace(ctx context.Context, plan apiKeyResourceModel, diags *diag.Diagnostics) (*traceloop.GeneratedAPIKey, error) {
	request := traceloop.APIKeyRequest{ProjectID: plan.ProjectID.ValueString(), Environment: plan.Environment.ValueString()}
	generated, err := r.generate(ctx, request)
	if !occupied(err) || !plan.ReplaceExisting.ValueBool() || ctx.Err() != nil {
		return generated, err
	}

	occupant, findErr := activeKey(r.client.ListAPIKeysFresh(ctx, traceloop.APIKeyFilter(request)))
	if findErr != nil {
		return nil, findErr
	}
	if occupant != nil {
		if r.refuseOwnKey(diags, "generate a key in place of the existing one", *occupant) {
			return nil, err
		}
		if err := r.client.RevokeAPIKey(ctx, occupant.ID); err != nil && !traceloop.IsNotFound(err) {
			return nil, err
		}
	}
	return r.generate(ctx, request)
}

// occupied reports whether a key stands in the way: the service says so, or the answer that
// would have said so is lost.
func occupied(err error) bool {
	orphan, ok := errors.AsType[*orphanError](err)
	return traceloop.IsConflict(err) || ok && orphan.notOurs
}

func (r *apiKeyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state *apiKeyResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}
	completeIdentity(resp.Identity, apiKeyIdentity, state.ProjectID, state.Environment)

	r.slots.reading(state.apiKeyModel)
	key, err := r.client.GetAPIKey(ctx, state.ID.ValueString())
	if traceloop.IsNotFound(err) {
		resp.Diagnostics.AddWarning("API Key Was Revoked Outside Terraform",
			fmt.Sprintf("Traceloop no longer has the %s: it was revoked, or its project or environment was deleted. Applications that use it are refused. It is removed from the state; the next apply generates a new key.", state.describe()))
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to Read API Key", r.failure("read the "+state.describe(), err))
		return
	}

	if refreshed := newAPIKeyModel(*key); refreshed != state.apiKeyModel {
		state.apiKeyModel = refreshed
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	}
}

// Update tells the service nothing: all that it knows of the key replaces it. It takes
// over the value of an imported key where the configuration gives it.
func (r *apiKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, config apiKeyResourceModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	recipients := plan.recipients(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	r.applying.Store(true)
	if plan.Key.IsUnknown() || plan.EncryptedKey.IsUnknown() {
		key, ok := proven(config.ExistingKeyWO, plan.apiKeyModel, &resp.Diagnostics)
		if !ok {
			return
		}
		if err := plan.setKey(key, recipients); err != nil {
			resp.Diagnostics.AddError("Unable to Seal API Key", fmt.Sprintf(
				"The %s cannot be sealed to age_recipients: %s. Nothing was changed. Correct the recipients and apply again.", plan.describe(), err))
			return
		}
	}
	plan.setRotateAt()
	completeIdentity(resp.Identity, apiKeyIdentity, plan.ProjectID, plan.Environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *apiKeyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state apiKeyResourceModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.ready(&resp.Diagnostics) {
		return
	}

	r.applying.Store(true)
	if r.refuseOwnKey(&resp.Diagnostics, "revoke it", state.apiKey()) {
		return
	}
	err := r.client.RevokeAPIKey(ctx, state.ID.ValueString())
	if err != nil && !traceloop.IsNotFound(err) {
		resp.Diagnostics.AddError("Unable to Revoke API Key", r.failure("revoke the "+state.describe(), err))
	}
}

func (r *apiKeyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !r.ready(&resp.Diagnostics) {
		return
	}
	if req.ID = importID(req, apiKeyIdentity, &resp.Diagnostics); resp.Diagnostics.HasError() {
		return
	}
	projectID, environment, ok := strings.Cut(req.ID, "/")
	if !ok || !idPattern.MatchString(projectID) || !slugPattern.MatchString(environment) {
		addInvalidImportID(&resp.Diagnostics, "API key", req.ID,
			"<project id>/<environment slug>, such as cm9v2g95l0000qz8k5h3d7f1a/prd. The key itself is no id: never put it on a command line")
		return
	}

	key, err := activeKey(r.client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: projectID, Environment: environment}))
	switch {
	case traceloop.IsNotFound(err):
		resp.Diagnostics.AddError("Unable to Import API Key", fmt.Sprintf(
			"Traceloop has no project with the id %q. The data source traceloop_projects lists the ids.", projectID))
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to Import API Key", r.failure(fmt.Sprintf("find the key of project %s, environment %q", projectID, environment), err))
		return
	case key == nil:
		if slugs, err := r.environments.list(ctx, r.client, projectID); err == nil && !slices.Contains(slugs, environment) {
			resp.Diagnostics.AddError("Unable to Import API Key", fmt.Sprintf("The project %s has no environment with the slug %q. %s", projectID, environment, listing(slugs)))
			return
		}
		resp.Diagnostics.AddError("Unable to Import API Key", fmt.Sprintf(
			"The project %s has no active key in the environment %q, so there is nothing to import. Remove the import, and apply generates one.", projectID, environment))
		return
	}

	model := importedAPIKey(*key)
	setIdentity(resp.Identity, apiKeyIdentity, model.ProjectID, model.Environment)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.AddWarning("Imported Key Cannot Be Retrieved", fmt.Sprintf(
		"The %s is now managed by Terraform, but Traceloop shows a key only when it is generated: the attribute key is null. The application that has the key goes on using it. "+
			"If you have the key, give it once as existing_key_wo, which takes it over without rotating; if this plan does so, all is well. Otherwise, to have a key in the state, rotate it when the application is ready for a new one.", model.describe()))
}

// addCreateError explains why no key came of it.
func (r *apiKeyResource) addCreateError(ctx context.Context, plan apiKeyModel, err error, diags *diag.Diagnostics) {
	projectID, environment := plan.ProjectID.ValueString(), plan.Environment.ValueString()
	attempted := fmt.Sprintf("generate the API key of project %s, environment %q", projectID, environment)

	var orphan *orphanError
	switch {
	case errors.As(err, &orphan):
		r.addOrphan(orphan, attempted, diags)
	case traceloop.IsConflict(err):
		r.addOccupied(ctx, projectID, environment, diags)
	case traceloop.IsNotFound(err):
		slugs, listErr := r.environments.list(ctx, r.client, projectID)
		switch {
		case traceloop.IsNotFound(listErr):
			addUnknownProject(diags, projectID)
		case listErr != nil:
			diags.AddError("Unable to Generate API Key", r.failure(attempted, err))
		default:
			addUnknownEnvironment(diags, projectID, environment, slugs)
		}
	default:
		diags.AddError("Unable to Generate API Key", r.failure(attempted, err))
	}
}

// addOccupied names the key that stands where a new one was wanted.
func (r *apiKeyResource) addOccupied(ctx context.Context, projectID, environment string, diags *diag.Diagnostics) {
	holder := "a key"
	if key, err := activeKey(r.client.ListAPIKeys(ctx, traceloop.APIKeyFilter{ProjectID: projectID, Environment: environment})); err == nil && key != nil {
		holder = fmt.Sprintf("the key %s (id %s), created %s, %s ago", key.MaskedKey, key.ID, timestamp(key.CreatedAt).ValueString(), elapsed(r.now().Sub(key.CreatedAt)))
	}
	diags.AddAttributeError(path.Root("environment"), "Environment Already Has an API Key", fmt.Sprintf(
		"The project %s has %s in the environment %q already, and each project and environment hold one key. Nothing was changed. The ways on:\n\n"+
			"  - if this resource, or one that refers to it, has lifecycle { create_before_destroy = true }, remove that: there is no second place for the new key;\n"+
			"  - manage that key: import it (write the address of this resource after \"to\"; the key itself cannot be retrieved, so the attribute key will be null):\n\n%s\n\n"+
			"  - if no application uses that key, set replace_existing = true, which revokes it, or revoke it in the dashboard (Settings, Organization, the project, \"Revoke API key\"); then apply again;\n"+
			"  - use another environment.\n\n"+
			"If another resource of yours manages that key, keep one of the two.",
		projectID, holder, environment, importBlock("traceloop_api_key", "example", projectID+"/"+environment)))
}

// addSealError gives up a key that can be kept nowhere.
func (r *apiKeyResource) addSealError(ctx context.Context, key traceloop.APIKey, err error, diags *diag.Diagnostics) {
	model := newAPIKeyModel(key)
	detail := fmt.Sprintf("The %s was generated, but cannot be sealed to age_recipients: %s. ", model.describe(), err)
	if err := r.client.RevokeAPIKey(ctx, key.ID); err != nil {
		diags.AddError("Unable to Seal API Key", detail+fmt.Sprintf(
			"Nobody has this key, and it could not be revoked either (%s). Revoke it in the dashboard (Settings, Organization, the project, \"Revoke API key\"), correct the recipients and apply again.", err))
		return
	}
	diags.AddError("Unable to Seal API Key", detail+"It was revoked again. Correct the recipients and apply again.")
}

// addOrphan names a key that may be active without anybody having it, and what to do
// about it.
func (r *apiKeyResource) addOrphan(orphan *orphanError, attempted string, diags *diag.Diagnostics) {
	projectID, environment := orphan.request.ProjectID, orphan.request.Environment
	detail := fmt.Sprintf("The provider tried to %s.\n\n%s\n\nThe answer, which alone held the key, is lost. ", attempted, orphan.because)
	switch {
	case orphan.key == nil:
		detail += fmt.Sprintf("Whether a key was generated could not be found out. If there is one, nobody has it, and the next apply says so. To look now:\n\n"+
			"  curl -H \"Authorization: Bearer $%s\" '%s/v2/api-keys?project_id=%s&environment=%s'\n\n", envManagementKey, r.baseURL.value, projectID, environment)
	case orphan.notOurs:
		detail += fmt.Sprintf("The environment now has the key %s (id %s), generated %s. It may have been there before this attempt, so it was left alone. ",
			orphan.key.MaskedKey, orphan.key.ID, timestamp(orphan.key.CreatedAt).ValueString())
	default:
		detail += fmt.Sprintf("The key %s (id %s) was generated by this attempt. Nobody has it, and it could not be revoked. ", orphan.key.MaskedKey, orphan.key.ID)
	}
	diags.AddError("API Key May Be Orphaned", detail+fmt.Sprintf(
		"To revoke it and generate another, set replace_existing = true and apply. Or revoke it by hand and apply again: in the dashboard (Settings, Organization, the project, \"Revoke API key\"), or with\n\n"+
			"  curl -X DELETE -H \"Authorization: Bearer $%s\" %s/v2/api-keys/%s", envManagementKey, r.baseURL.value, orphan.id()))
}
