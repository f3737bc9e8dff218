package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

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
	all := "provider \"traceloop\" {\n  max_retries = 0\n}\n" + sealed + manySetups(3, `"char-count"`) + setupHCL("checkout", "", "char-count") + toneHCL("Tone", "Judge {{text}}", "deletion_protection = false") + projectHCL("Orders", false)

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
	server.SetFaults(emulatortest.Fault{Method: "POST", Path: setupsPath, Kind: "garbage", Times: 100}, emulatortest.Fault{Method: "PUT", Path: setupsPath, Kind: "drop_after", Times: 100})
	w.write(strings.ReplaceAll(all, `["char-count"]`, `["word-count"]`))
	w.must(apply...) // each is looked up
	server.SetFaults()
	echo = true
	w.fails([]string{"400 Bad Request", "the header was Bearer"}, plan...)
	echo = false

	good := w.Env
	w.set("TRACELOOP_PROJECT_API_KEY", wrong)
	w.fails([]string{"401 Unauthorized"}, plan...)
	w.set("TRACELOOP_PROJECT_API_KEY", wrong+" x")
	w.fails([]string{"Invalid Project Key"}, plan...)
	w.Env = good
	w.must("destroy", "-auto-approve", "-input=false")
	server.RevokeKey(keyID)
	w.write(all)
	w.fails([]string{"401 Unauthorized"}, apply...)
	w.verdict()
}
