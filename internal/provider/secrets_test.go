package provider_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/clitest"
	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/provider"
)

// secrets are texts that nothing may show, by what they are.
type secrets struct {
	mu     sync.Mutex
	hidden map[string]string
	plain  map[string]string // keys that are not sealed: the attribute and the output "key" may show them
}

func (s *secrets) add(name, text string, plain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden == nil {
		s.hidden, s.plain = map[string]string{}, map[string]string{}
	}
	if plain {
		s.plain[name] = text
	} else {
		s.hidden[name] = text
	}
}

// written are the ways in which a text may appear. Each half of it counts, since a part of a
// secret is a secret; the last 4 characters, which masks show, are fewer than that.
func written(text string) map[string]bool {
	forms := map[string]bool{}
	for _, half := range []string{text[:len(text)/2], text[len(text)/2:]} {
		quoted, err := json.Marshal(half)
		if err != nil {
			panic(err) // no string does that
		}
		forms[half] = true
		forms[strings.Trim(string(quoted), `"`)] = true
		forms[strings.Trim(strconv.Quote(half), `"`)] = true
		forms[url.QueryEscape(half)] = true
		forms[url.PathEscape(half)] = true
		forms[hex.EncodeToString([]byte(half))] = true
		forms[strings.ToUpper(hex.EncodeToString([]byte(half)))] = true
		// Base64 depends on where in the whole the text begins, and its first and last characters on what is beside it.
		for shift := range 3 {
			for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				encoded := encoding.EncodeToString(append(make([]byte, shift), half...))
				forms[encoded[(shift*8+5)/6:(shift+len(half))*8/6]] = true
			}
		}
	}
	return forms
}

// showsAny says whether the content has one of the texts in any form.
func showsAny(content []byte, texts map[string]string) (names []string) {
	for name, text := range texts {
		for form := range written(text) {
			if bytes.Contains(content, []byte(form)) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

// find returns what a file shows, and where: "secret in file". An archive, such as a plan, is
// searched entry by entry too.
func (s *secrets) find(t *testing.T, place string, content []byte) (found []string) {
	t.Helper()
	if archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content))); err == nil {
		for _, entry := range archive.File {
			file, err := entry.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(file)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, s.find(t, place+"!"+entry.Name, data)...)
		}
	}
	names := showsAny(content, s.hidden)
	if !mayHoldKeys.MatchString(place) {
		names = append(names, showsAny(content, s.plain)...)
	}
	for _, name := range names {
		found = append(found, name+" in "+place)
	}
	return found
}

// mayHoldKeys are the files that keep a key which is not sealed: states, plans, and outputs that ask for it.
var mayHoldKeys = regexp.MustCompile(`/terraform\.tfstate[^/]*$|\.plan(!tfplan|!tfstate|!tfstate-prev)?$|/\d+ (show -json[^/]*|output -json|output -raw key)\.stdout$`)

// witness runs the CLI with all logs on, and keeps every byte.
type witness struct {
	*cli
	secrets
	kept  string
	steps int
}

func newWitness(t *testing.T, server *emulatortest.Server) *witness {
	t.Helper()
	w := &witness{cli: newCLI(t, server), kept: t.TempDir()}
	w.add("the management key", server.ManagementKey, false)
	w.set("TRACELOOP_MANAGEMENT_BASE_URL", inFront(t, server, w.overhear))
	return w
}

// overhear learns of each key that is generated: in prd they are plain, elsewhere sealed.
func (w *witness) overhear(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
	answer, err := carryOut()
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v2/api-keys" {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var key struct {
		ID, Environment string
		Key             string `json:"api_key"`
	}
	if answer.StatusCode != http.StatusCreated {
		return answer, nil
	}
	if err := json.Unmarshal(body, &key); err != nil {
		return nil, err
	}
	w.add(fmt.Sprintf("the key %s of %s", key.ID, key.Environment), key.Key, key.Environment == "prd")
	return answer, nil
}

// do runs a command. Its output is that of stdout and stderr.
func (w *witness) do(args ...string) (string, error) {
	w.t.Helper()
	w.steps++
	name := filepath.Join(w.kept, fmt.Sprintf("%02d %s", w.steps, strings.ReplaceAll(strings.Join(args, " "), "/", "_")))
	var stdout, stderr bytes.Buffer
	command := w.unattached().Command(args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = append(slices.Clone(command.Env), "TF_CLI_ARGS=-no-color", "TF_LOG=TRACE", "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH="+name+".log")
	err := command.Run()
	for suffix, output := range map[string]*bytes.Buffer{".stdout": &stdout, ".stderr": &stderr} {
		if err := os.WriteFile(name+suffix, output.Bytes(), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return stdout.String() + stderr.String(), err
}

func (w *witness) must(args ...string) string {
	w.t.Helper()
	out, err := w.do(args...)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// fails runs a command that has to fail with these words.
func (w *witness) fails(phrases []string, args ...string) {
	w.t.Helper()
	out, err := w.do(args...)
	if err == nil || !says(slices.Clone(phrases)...).MatchString(out) {
		w.t.Errorf("%s: %v, want an error that says %q:\n%s", strings.Join(args, " "), err, phrases, out)
	}
}

// everything calls visit with each existing file, except the configuration.
func (w *witness) everything(visit func(place string, content []byte)) {
	w.t.Helper()
	for _, root := range []string{w.Dir, w.kept} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == "main.tf" {
				return err
			}
			content, err := os.ReadFile(path)
			visit(filepath.ToSlash(path), content)
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// verdict searches everything.
func (w *witness) verdict() {
	w.t.Helper()
	apiCalls, files, size := 0, 0, 0
	w.everything(func(place string, content []byte) {
		files, size = files+1, size+len(content)
		for _, leak := range w.find(w.t, place, content) {
			w.t.Errorf("there is %s", leak)
		}
		if strings.HasSuffix(place, ".log") {
			apiCalls += bytes.Count(content, []byte("Traceloop API request"))
		}
		if strings.HasSuffix(place, "crash.log") {
			w.t.Errorf("something crashed: %s", place)
		}
	})
	w.t.Logf("%d commands, %d files, %d bytes", w.steps, files, size)
	if apiCalls == 0 {
		w.t.Error("the logs tell of no API request, so that there was nothing to find in them")
	}
}

func TestSecrets_wholeLife(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	w := newWitness(t, server)
	identity := newIdentity(t)
	w.add("the age identity", identity.String(), false)
	w.set("TRACELOOP_AGE_IDENTITY", identity.String())
	modern := clitest.EphemeralValues.Supported()

	life := func(trigger, proof string) string {
		hcl := ordersHCL + fmt.Sprintf(`
resource "traceloop_api_key" "plain" {
  project_id        = traceloop_project.orders.id
  environment       = "prd"
  rotation_triggers = { on = %[1]q }
  %[3]s
}

resource "traceloop_api_key" "sealed" {
  project_id        = traceloop_project.orders.id
  environment       = "stg"
  rotation_triggers = { on = %[1]q }
  age_recipients    = [%[2]q]
}

output "key" {
  sensitive = true
  value     = traceloop_api_key.plain.key
}

output "sealed" {
  value = traceloop_api_key.sealed.encrypted_key
}
`, trigger, identity.Recipient(), proof)
		if modern {
			hcl += "\nephemeral \"traceloop_api_key\" \"opened\" {\n  encrypted_key = traceloop_api_key.sealed.encrypted_key\n}\n" +
				"\nvariable \"existing\" {\n  ephemeral = true\n  default   = null\n}\n"
		}
		return hcl
	}

	w.must("workspace", "new", "team")
	w.write(life("first", ""))
	w.must("plan", "-out=create.plan")
	w.must("show", "-json", "create.plan")
	w.must("apply", "create.plan")
	w.must("show", "-json")
	w.must("show")
	w.must("output", "-json")
	w.must("output", "-raw", "key")

	// Rotated, and one answer with a new key is lost.
	w.write(life("second", ""))
	w.must("plan", "-out=rotate.plan")
	w.must("show", "-json", "rotate.plan")
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: "/v2/api-keys", Kind: "drop_after"})
	w.must("apply", "rotate.plan")
	key := strings.TrimSpace(w.must("output", "-raw", "key"))

	// Taken over, first without the key, then with it.
	w.must("state", "rm", "traceloop_api_key.plain")
	w.must("import", "traceloop_api_key.plain", server.Projects()[1].ID+"/prd")
	if modern {
		w.write(life("second", "existing_key_wo = var.existing"))
		w.set("TF_VAR_existing", key)
		w.must("plan", "-out=proof.plan")
		w.must("apply", "proof.plan")
		if again := strings.TrimSpace(w.must("output", "-raw", "key")); again != key {
			t.Error("existing_key_wo did not bring the key back")
		}
	}
	w.must("plan", "-destroy", "-out=destroy.plan")

	// The control, before the last state is gone: with no exceptions, the searcher finds the
	// plain keys in each kind of file that holds them, and the management key nowhere.
	strict := &secrets{}
	for name, text := range w.plain {
		strict.add(name, text, false)
	}
	var found []string
	w.everything(func(place string, content []byte) { found = append(found, strict.find(t, place, content)...) })
	for _, place := range []string{
		"/terraform.tfstate.d/team/terraform.tfstate", ".backup", "rotate.plan!tfplan", "rotate.plan!tfstate", "destroy.plan!tfplan",
		"show -json.stdout", "show -json rotate.plan.stdout", "output -json.stdout", "output -raw key.stdout",
	} {
		if !slices.ContainsFunc(found, func(f string) bool { return strings.HasSuffix(f, place) }) {
			t.Errorf("the searcher finds no plain key in %s, where there is one; it finds %q", place, found)
		}
	}
	if len(w.plain) != 2 && len(w.plain) != 3 || len(w.hidden) < 4 {
		t.Errorf("overheard %d plain keys, and %d secrets that may be nowhere", len(w.plain), len(w.hidden))
	}

	w.must("apply", "destroy.plan")
	w.verdict()
	if keys := server.Keys(); len(keys) != 0 {
		t.Errorf("the server has the keys %v after the destroy", keys)
	}
}

// brokenAnswer is the answer to the next request that matches, after it was carried out.
type brokenAnswer struct {
	method, path string
	status       int
	body         func(good []byte) []byte
}

func TestSecrets_errors(t *testing.T) {
	t.Parallel()
	server := emulatortest.Start(t)
	project := server.Projects()[0].ID
	_, occupant := server.GenerateKey(project, "dev")
	w := newWitness(t, server)
	w.add("the key that was there", occupant, false)
	identity, other := newIdentity(t), newIdentity(t)
	w.add("the age identity", identity.String(), false)
	w.add("another age identity", other.String(), false)
	const (
		wrong  = `tl_wrong+key/that"needs\escapes<in>most&formats%20=` // of the right kind, but not known
		unlike = "tl_unlike0123456789abcdefghijklmnopqrstuvwxyz"
	)
	w.add("a wrong management key", wrong, false)
	w.add("a key that does not match", unlike, false)

	var broken *brokenAnswer
	w.set("TRACELOOP_MANAGEMENT_BASE_URL", inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		answer, err := w.overhear(r, carryOut)
		if b := broken; err == nil && b != nil && r.Method == b.method && strings.HasPrefix(r.URL.Path, b.path) {
			good, err := io.ReadAll(answer.Body)
			if err != nil {
				return nil, err
			}
			body := b.body(good)
			answer.StatusCode, answer.Body, answer.ContentLength = b.status, io.NopCloser(bytes.NewReader(body)), int64(len(body))
			answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
		}
		return answer, err
	}))
	settings := "provider \"traceloop\" {\n  max_retries = 0\n}\n\n"
	apply := []string{"apply", "-auto-approve", "-input=false"}
	plan := []string{"plan", "-input=false"}

	w.write(settings + anyRead)
	good := w.Env
	w.set("TRACELOOP_MANAGEMENT_API_KEY", wrong)
	w.fails([]string{"401 Unauthorized"}, plan...)
	w.Env = good

	// The service, or what stands before it, repeats the key that it was sent.
	echo := func([]byte) []byte {
		return []byte(fmt.Sprintf(`{"error":"Not %s, and not Bearer %[1]s\n."}`, server.ManagementKey))
	}
	broken = &brokenAnswer{"GET", "/v2/projects", http.StatusForbidden, echo}
	w.fails([]string{"403 Forbidden: Not tl_***"}, plan...)

	w.write(settings + resourceOf(keyKind, "orders", fmt.Sprintf("project_id = %q", project), `environment = "dev"`))
	broken = nil
	w.fails([]string{"Environment Already Has an API Key"}, apply...)

	// An answer that holds a new key and cannot be read. The key is revoked.
	w.write(settings + resourceOf(keyKind, "orders", fmt.Sprintf("project_id = %q", project), `environment = "stg"`))
	broken = &brokenAnswer{"POST", "/v2/api-keys", http.StatusCreated, func(good []byte) []byte { return good[:len(good)-1] }}
	w.fails([]string{"the list shows no unknown key", "does not come from the Traceloop API"}, apply...)
	broken = nil

	// A private key in place of a public one, in a variable and in the configuration itself.
	w.set("TF_VAR_recipient", identity.String())
	for _, recipient := range []string{"var.recipient", fmt.Sprintf("%q", identity)} {
		w.write("variable \"recipient\" {}\n\n" + resourceOf(keyKind, "sealed", fmt.Sprintf("project_id = %q", project), `environment = "stg"`, "age_recipients = ["+recipient+"]"))
		w.fails([]string{"Invalid Recipient", "private key"}, plan...)
	}

	if clitest.EphemeralValues.Supported() {
		sealed, err := provider.Seal(occupant, []string{identity.Recipient().String()})
		if err != nil {
			t.Fatal(err)
		}
		w.write(fmt.Sprintf("ephemeral \"traceloop_api_key\" \"opened\" {\n  encrypted_key = %q\n}\n", sealed))
		w.set("TRACELOOP_AGE_IDENTITY", other.String())
		w.fails([]string{"Unable to Open Encrypted Key", "belongs to none of the recipients"}, plan...)
		w.set("TRACELOOP_AGE_IDENTITY", identity.String()[:60]+"x")
		w.fails([]string{"Invalid Age Identity"}, plan...)

		w.write(importing("traceloop_api_key.taken", project+"/dev") + "variable \"existing\" {\n  ephemeral = true\n}\n" +
			resourceOf(keyKind, "taken", fmt.Sprintf("project_id = %q", project), `environment = "dev"`, "existing_key_wo = var.existing"))
		w.set("TF_VAR_existing", unlike)
		w.fails([]string{"Existing Key Does Not Match"}, apply...)
	}
	w.verdict()
}

// The searcher finds a secret in each kind of file and in each form, and keeps to the exceptions.
func TestSecrets_searcher(t *testing.T) {
	t.Parallel()
	const hidden, plain = `tl_0123456789"abc<def>ghi&jkl+mno/pqr%stu`, "tl_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcd"
	var s secrets
	s.add("hidden", hidden, false)
	s.add("plain", plain, true)

	escaped, err := json.Marshal(map[string]string{"text": "… " + hidden + " …"})
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"raw": hidden, "JSON": string(escaped), "Go": fmt.Sprintf("%q", hidden), "query": url.Values{"k": {hidden}}.Encode(), "path": "/v2/" + url.PathEscape(hidden),
		"hex": fmt.Sprintf("%x", hidden), "HEX": fmt.Sprintf("%X", hidden), "first half": hidden[:len(hidden)/2] + "…", "second half": "…" + hidden[len(hidden)/2:],
	}
	for i, before := range []string{"", "a", "ab", "Bearer "} {
		forms[fmt.Sprintf("base64 %d", i)] = base64.StdEncoding.EncodeToString([]byte(before + hidden + " and so on"))
		forms[fmt.Sprintf("base64url %d", i)] = base64.URLEncoding.EncodeToString([]byte(before + hidden))
	}
	for name, form := range forms {
		if found := s.find(t, "/dir/terraform.tfstate", []byte("before\n"+form+"\nafter")); len(found) != 1 {
			t.Errorf("%s: found %q", name, found)
		}
	}

	var plan bytes.Buffer
	archive := zip.NewWriter(&plan)
	for entry, content := range map[string]string{"tfplan": plain, "tfconfig/m-/main.tf": plain, "tfstate": hidden} {
		file, err := archive.Create(entry)
		if err == nil {
			_, err = io.WriteString(file, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	for place, test := range map[string]struct {
		content string
		want    []string // where something is found
	}{
		"/dir/terraform.tfstate":          {plain, nil},
		"/dir/other.json":                 {plain, []string{"plain in /dir/other.json"}},
		"/kept/03 show -json.stdout":      {plain, nil},
		"/kept/03 show -json.stderr":      {plain, []string{"plain in /kept/03 show -json.stderr"}},
		"/kept/04 output -raw key.stdout": {plain, nil},
		"/dir/a.plan":                     {plan.String(), []string{"hidden in /dir/a.plan!tfstate", "plain in /dir/a.plan!tfconfig/m-/main.tf"}},
		"/dir/masked":                     {"tl_" + strings.Repeat("*", 36) + hidden[len(hidden)-4:], nil},
	} {
		if found := s.find(t, place, []byte(test.content)); !slices.Equal(sorted(found), sorted(test.want)) {
			t.Errorf("%s: found %q, want %q", place, found, test.want)
		}
	}
}

// The published operations, and what can go wrong in them: neither the key of the project nor
// those of a new organization, which are sealed, are anywhere in what Terraform writes.
func TestSecrets_publishedOperations(t *testing.T) {
	t.Parallel()
	server, key := allowingOrganizations(t)
	keyID := server.Keys()[0].ID
	w := newWitness(t, server)
	const wrong = `tl_wrong+key/that"needs\escapes<in>most&formats%20=`
	w.add("the project's key", key, false)
	w.add("a wrong key", wrong, false)
	identity := newIdentity(t)
	w.add("the age identity", identity.String(), false)
	w.set("TRACELOOP_PROJECT_API_KEY", key)

	organizations, echo := 0, false
	w.set("TRACELOOP_MANAGEMENT_BASE_URL", inFront(t, server, func(r *http.Request, carryOut func() (*http.Response, error)) (*http.Response, error) {
		isPublished := strings.HasPrefix(r.URL.Path, setupsPath) || strings.HasPrefix(r.URL.Path, evaluatorsPath) || strings.HasPrefix(r.URL.Path, organizationsPath)
		if bearer := r.Header.Get("Authorization"); isPublished != (bearer != "Bearer "+server.ManagementKey) {
			t.Errorf("%s %s came with the other key", r.Method, r.URL.Path)
		}
		answer, err := w.overhear(r, carryOut)
		if err != nil {
			return answer, err
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return nil, err
		}
		var created struct {
			Environments []struct {
				Key string `json:"api_key"`
			}
		}
		if r.URL.Path == organizationsPath && json.Unmarshal(body, &created) == nil {
			for i, environment := range created.Environments {
				organizations++
				w.add(fmt.Sprintf("key %d of the organization", i), environment.Key, false)
			}
		}
		if echo && isPublished {
			answer.StatusCode, body = http.StatusBadRequest, []byte(`{"error":"the header was Bearer `+key+`"}`)
			answer.ContentLength = int64(len(body))
			answer.Header.Del("Content-Length")
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		return answer, nil
	}))
	apply := []string{"apply", "-auto-approve", "-input=false"}
	plan := []string{"plan", "-input=false"}
	sealed := organizationHCL(acme + "  age_recipients = [\"" + identity.Recipient().String() + "\"]\n  deletion_protection = false\n")
	all := "provider \"traceloop\" {\n  max_retries = 0\n}\n" + sealed + manySetups(3, `"char-count"`) + setupHCL("checkout", "", "char-count") + toneHCL("Tone", "Judge {{text}}", "deletion_protection = false") + ordersHCL

	w.write(all)
	w.must("plan", "-input=false", "-out=first.plan")
	w.must("apply", "-input=false", "first.plan")
	w.must("show", "-json")
	w.must(plan...)
	if organizations != 2 {
		t.Errorf("%d keys of an organization were learned of", organizations)
	}

	w.write(strings.ReplaceAll(all, `["char-count"]`, `["word-count", "made-up"]`))
	w.fails([]string{"unknown evaluator slug"}, apply...)
	w.write(strings.ReplaceAll(all, "Judge {{text}}", "Judge this: {{text}}"))
	w.must(apply...)
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "garbage", Times: 100})
	w.write(strings.ReplaceAll(all, `["char-count"]`, `["word-count"]`))
	w.must(apply...) // each is looked up
	server.SetFaults()
	echo = true
	w.fails([]string{"400 Bad Request", "the header was Bearer"}, plan...)
	echo = false

	good := w.Env
	w.set("TRACELOOP_PROJECT_API_KEY", wrong)
	w.fails([]string{"401 Unauthorized"}, plan...)
	w.Env = good
	w.must("destroy", "-auto-approve", "-input=false")
	server.RevokeKey(keyID)
	w.write(all)
	w.fails([]string{"401 Unauthorized"}, apply...)
	w.verdict()
}
