package provider_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/crypto/ssh"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// Anyone who has the private key of one recipient opens the key that a resource has sealed.
func TestAPIKeyEphemeral_opens(t *testing.T) {
	o := newOutcome(t)
	first := newIdentity(t)
	sshPublic, sshPrivate := sshPair(t)
	for name, test := range map[string]struct {
		recipients []string
		identity   string
	}{
		"age":        {[]string{first.Recipient().String()}, first.String()},
		"ssh":        {[]string{sshPublic}, sshPrivate},
		"of several": {[]string{recipient(t), sshPublic, first.Recipient().String()}, first.String()},
		"age-keygen": {[]string{first.Recipient().String()}, "# created: 2026-11-23\n# public key: x\n" + first.String() + "\n"},
	} {
		o.creates(arguments{"age_recipients": test.recipients})
		key, err := o.provider.open(o.text("encrypted_key"), test.identity)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		o.accepts(key)
		o.destroys()
	}
}

func TestAPIKeyEphemeral_identityFromEnvironment(t *testing.T) {
	identity := newIdentity(t)
	t.Setenv("TRACELOOP_AGE_IDENTITY", identity.String()+"\n")
	if _, err := newDriver(t, emulatortest.Start(t), time.Now).open(sealedTo(t, identity), nil); err != nil {
		t.Error(err)
	}
}

func TestAPIKeyEphemeral_refused(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	d := newDriver(t, server, time.Now)
	identity, other := newIdentity(t), newIdentity(t)
	sealed, damaged := sealedTo(t, identity), sealedTo(t, identity)
	damaged = strings.Replace(damaged, "\n\n", "\n", 1)
	damaged = damaged[:len(damaged)/2] + "AAAA" + damaged[len(damaged)/2+4:]
	for _, test := range []struct {
		sealed   string
		identity any
		phrases  []string
	}{
		{sealed, other.String(), []string{"Unable to Open Encrypted Key", "belongs to none of the recipients", "age_recipients"}},
		{damaged, identity.String(), []string{"Unable to Open Encrypted Key", "damaged"}},
		{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", identity.String(), []string{"Unable to Open Encrypted Key", "damaged, or is not an armored age file"}},
		{"", identity.String(), []string{"Missing Encrypted Key"}},
		{sealed, identity.String()[:40], []string{"Invalid Age Identity", `the argument "age_identity"`}},
		{sealed, " ", []string{"Invalid Age Identity", "it is empty"}},
		{sealed, identity.Recipient().String(), []string{"Invalid Age Identity"}},
		{"x", nil, []string{"Missing Age Identity", "TRACELOOP_AGE_IDENTITY"}},
	} {
		_, err := d.open(test.sealed, test.identity)
		refuses(t, err, test.phrases...)
		if err != nil {
			hides(t, err.Error(), identity.String(), other.String(), "tl_plain", sealed[60:100])
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
}

// An apply that generates a key and cannot open it loses nothing, and a destroy needs the
// identity only for its refresh.
func TestCLI_sealedKeyWithoutTheIdentity(t *testing.T) {
	t.Parallel()
	server, identity := emulatortest.Start(t), newIdentity(t)
	with, without := newCLI(t, server), newCLI(t, server)
	with.Dir = without.Dir
	with.Env = append(with.Env, "TRACELOOP_AGE_IDENTITY="+identity.String())
	// A command takes the opened key, as in the example of the ephemeral resource.
	hcl := fmt.Sprintf(`
resource "traceloop_api_key" "orders" {
  project_id     = %q
  environment    = "prd"
  age_recipients = [%q]
}

ephemeral "traceloop_api_key" "orders" {
  encrypted_key = traceloop_api_key.orders.encrypted_key
}

resource "terraform_data" "service" {
  triggers_replace = traceloop_api_key.orders.id

  provisioner "local-exec" {
    command     = "printf '%%s' \"$KEY\" > key"
    environment = { KEY = ephemeral.traceloop_api_key.orders.key }
  }
}
`, server.Projects()[0].ID, identity.Recipient())
	with.write(hcl)

	without.plan()
	missing := []string{"Missing Age Identity", "Nothing is lost", "the state keeps the sealed key", "again with the identity", "-refresh=false"}
	without.fails("apply", missing...)
	id := server.Keys()[0].ID
	without.fails("plan", missing...)
	with.apply()
	key, err := os.ReadFile(filepath.Join(with.Dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	if keys := server.Keys(); len(keys) != 1 || keys[0].ID != id || server.SendSpans(string(key), 1) != 200 {
		t.Errorf("the key that was generated first is not the one that was opened: %v", keys)
	}

	without.fails("destroy", missing...)
	without.ok("destroy", "-auto-approve", "-input=false", "-refresh=false")
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the key is still active: %v", keys)
	}
}

func TestAPIKeyOutcome_badRecipients(t *testing.T) {
	o := newOutcome(t)
	identity := newIdentity(t)
	null := tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, []tftypes.Value{tftypes.NewValue(tftypes.String, nil)})
	for _, test := range []struct {
		recipients any
		phrases    []string
	}{
		{[]string{}, []string{"age_recipients is empty", "at least one"}},
		{null, []string{"The one element of age_recipients", "it is null"}},
		{[]string{"ssh-ed25519 AAAA first\nssh-ed25519 AAAA second"}, []string{"more than one line", `compact(split("\n", file(`}},
		{[]string{identity.Recipient().String(), "nobody"}, []string{"Number 2 of the 2 elements (in alphabetical order) of age_recipients"}},
		{[]string{"nobody"}, []string{"Invalid Recipient", "age X25519"}},
		{[]string{identity.String()}, []string{"Invalid Recipient", "private key"}},
		{[]string{"ssh-ed25519 AAAA"}, []string{"Invalid Recipient", "ssh-ed25519"}},
	} {
		o.server.ResetRequests()
		diags := o.refusesToPlan(o.config(arguments{"age_recipients": test.recipients}), test.phrases...)
		hides(t, texts(diags), identity.String())
		noWrites(t, o.server)
	}
}

// open opens a sealed key, as an ephemeral resource does. A null identity is none.
func (d *driver) open(sealed string, identity any) (key string, err error) {
	d.t.Helper()
	typ := d.schema().EphemeralResourceSchemas[keyKind].ValueType()
	config := d.dynamic(typ, d.object(typ, arguments{"encrypted_key": sealed, "age_identity": identity}))
	validated := ask(d.t.Context(), d.t, d.server.ValidateEphemeralResourceConfig, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: keyKind, Config: config})
	opened := ask(d.t.Context(), d.t, d.server.OpenEphemeralResource, &tfprotov6.OpenEphemeralResourceRequest{TypeName: keyKind, Config: config})
	if err := failure(append(validated.Diagnostics, opened.Diagnostics...)); err != nil {
		return "", err
	}
	return d.text(instance{value: d.value(typ, opened.Result)}, "key"), nil
}

func sealedTo(t *testing.T, identity *age.X25519Identity) string {
	t.Helper()
	sealed, err := provider.Seal("tl_plain_0123456789", []string{identity.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func sshPair(t *testing.T) (public, private string) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sshPub, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(sshPub))), string(pem.EncodeToMemory(block))
}
