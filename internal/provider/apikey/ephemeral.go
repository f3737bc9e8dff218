package apikey

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
)

const envAgeIdentity = "TRACELOOP_AGE_IDENTITY"

var _ ephemeral.EphemeralResource = (*ephemeralResource)(nil)

// NewEphemeralResource returns the ephemeral resource traceloop_api_key.
func NewEphemeralResource() ephemeral.EphemeralResource {
	return ephemeralResource{}
}

// ephemeralResource has no client, so that it cannot call the API.
type ephemeralResource struct{}

type ephemeralModel struct {
	EncryptedKey types.String `tfsdk:"encrypted_key"`
	AgeIdentity  types.String `tfsdk:"age_identity"`
	Key          types.String `tfsdk:"key"`
}

func (ephemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_key"
}

func (ephemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Decrypts a sealed API key in memory, during a run, for a write-only argument of a secret manager or for the configuration of another provider. " +
			"It calls no API, generates no key and stores nothing. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"encrypted_key": schema.StringAttribute{
				MarkdownDescription: "Required. The `encrypted_key` of a `traceloop_api_key` resource with `age_recipients`: an armored age file.",
				Optional:            true, // Open checks it, to explain why it may be null
			},
			"age_identity": schema.StringAttribute{
				MarkdownDescription: "Private key of one of the recipients: an age identity (`AGE-SECRET-KEY-1…`), or an SSH private key (ed25519 or RSA) without a passphrase. " +
					"It can also come from the environment variable `" + envAgeIdentity + "`, which keeps it out of the configuration.",
				Optional:  true,
				Sensitive: true,
			},
			"key": schema.StringAttribute{
				MarkdownDescription: "The API key.",
				Computed:            true,
				Sensitive:           true,
			},
		},
	}
}

// isPathLike recognizes the path of a file with an identity. An identity itself has none of these.
func isPathLike(s string) bool {
	s = strings.TrimSpace(s)
	return !strings.ContainsAny(s, "\r\n") && !strings.HasPrefix(s, "-----BEGIN") &&
		(strings.ContainsAny(s, `/\~`) || slices.Contains([]string{".txt", ".key", ".pem", ".age"}, filepath.Ext(s)))
}

func (ephemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model ephemeralModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}

	identity := base.Setting{Value: os.Getenv(envAgeIdentity), Source: "the environment variable " + envAgeIdentity}
	switch {
	case !model.AgeIdentity.IsNull():
		identity = base.Setting{Value: model.AgeIdentity.ValueString(), Source: `the argument "age_identity"`}
	case identity.Value == "":
		detail := "To open a sealed API key, the provider needs the private key of one of its recipients, and none is set. Set the environment variable " + envAgeIdentity + " (or the argument \"age_identity\")."
		if model.EncryptedKey.ValueString() != "" {
			detail += " Nothing is lost: the state keeps the sealed key. To open it, run plan and apply again with the identity. " +
				"To destroy without the identity, run destroy with -refresh=false. This does not work if a provider block uses the key."
		}
		resp.Diagnostics.AddError("Missing Age Identity", detail)
		return
	}
	identities, err := base.ParseIdentity(identity.Value)
	if err != nil && isPathLike(identity.Value) {
		resp.Diagnostics.AddError("Invalid Age Identity", fmt.Sprintf(
			"The identity from %s looks like the path of a file. Give the content of the file instead, for example with export %s=\"$(cat FILE)\", or age_identity = file(\"FILE\").", identity.Source, envAgeIdentity))
		return
	}
	if err != nil {
		// Not anchored, here and below: the CLI would print the line with the secret.
		resp.Diagnostics.AddError("Invalid Age Identity", fmt.Sprintf(
			"The identity from %s cannot be used: %s. Give it exactly as age-keygen or ssh-keygen wrote it.", identity.Source, err))
		return
	}

	if model.EncryptedKey.ValueString() == "" {
		resp.Diagnostics.AddAttributeError(path.Root("encrypted_key"), "Missing Encrypted Key",
			"There is nothing to open. Give the encrypted_key of a traceloop_api_key resource with age_recipients. It is null without recipients, and after an import without existing_key_wo.")
		return
	}
	key, err := base.Open(model.EncryptedKey.ValueString(), identities)
	if err != nil {
		resp.Diagnostics.AddError("Unable to Open Encrypted Key", fmt.Sprintf(
			"The sealed key cannot be opened: %s. The identity comes from %s. Check that it belongs to one of the age_recipients of the resource, and that encrypted_key is passed on unchanged. "+
				"If the identity is lost, nobody can open the key. Then change age_recipients, which generates a new key.", err, identity.Source))
		return
	}
	model.Key = types.StringValue(key)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}
