package traceloop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// logged runs f with a logger at TRACE, in a synctest bubble, and returns what was logged.
func logged(t *testing.T, f func(context.Context, *testing.T)) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		f(tflogtest.RootLogger(t.Context(), &out), t)
	})
	return out.String()
}

func TestLog(t *testing.T) {
	raw := logged(t, func(ctx context.Context, t *testing.T) {
		c := serve(t, inTurn(refusal(429, "Retry-After", "1"), html(502), answer(200, `{"data":[],"next_cursor":"opaque"}`), refusal(401))).client(Config{MaxRetries: 1})
		for range c.ListAPIKeysUncached(ctx, APIKeyFilter{ProjectID: "p1", Environment: "prd"}) {
		}
	})
	entries, err := tflogtest.MultilineJSONDecode(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		line := fmt.Sprint(e["@level"], " ", e["@message"])
		for _, name := range []string{"method", "path", "query", "attempt", "status", "request_id", "reason", "error"} {
			if value, ok := e[name]; ok {
				line += fmt.Sprintf(" %s=%v", name, value)
			}
		}
		lines = append(lines, line)
		_, took := e["duration_ms"].(float64)
		_, waits := e["wait_ms"].(float64)
		message := fmt.Sprint(e["@message"])
		if took != (message == "Traceloop API request") || waits != strings.HasPrefix(message, "Waiting") {
			t.Errorf("%v: a duration is missing or out of place", e)
		}
	}
	const request = "debug Traceloop API request method=GET path=/v2/api-keys query=environment=prd&limit=100&project_id=p1"
	want := []string{
		request + " attempt=1 status=429 request_id=req-1",
		"info Waiting before the next Traceloop API request method=GET path=/v2/api-keys attempt=1 reason=the service asked for a pause",
		request + " attempt=2 status=502 request_id=req-1",
		"info Repeating a Traceloop API request method=GET path=/v2/api-keys attempt=2 reason=502 Bad Gateway",
		request + " attempt=3 status=200 request_id=req-1",
		request + " attempt=1 status=401 request_id=req-1",
		"info Traceloop API call failed method=GET path=/v2/api-keys request_id=req-1 error=GET /v2/api-keys: 401 Unauthorized: Refused with 401. (request id req-1)",
	}
	if got, want := strings.Join(lines, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("got\n%s\n\nwant\n%s", got, want)
	}
}

// A configuration may have a key where an id belongs. No log shows it.
func TestLog_keyInTheWrongPlace(t *testing.T) {
	const key = "tl_0123456789abcdefghij"
	raw := logged(t, func(ctx context.Context, t *testing.T) {
		c := serve(t, inTurn(html(502), refusal(429, "Retry-After", "1"), answer(404, `{"error":"There is no `+key+`."}`))).client(Config{MaxRetries: 1})
		_, _ = c.UpdateProject(ctx, key, ProjectRequest{})
		for range c.ListAPIKeysUncached(ctx, APIKeyFilter{ProjectID: key}) {
		}
	})
	if strings.Contains(raw, key) {
		t.Errorf("a log shows the key: %s", raw)
	}
	for _, before := range []string{"/v2/projects/", "project_id=", "There is no "} {
		if !strings.Contains(raw, before+MaskKey(key)) {
			t.Errorf("no log has the masked form after %q: %s", before, raw)
		}
	}
}

func TestSecretsStayOut(t *testing.T) {
	const marker = "BodyMarker"
	echo := func(status int, format string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			for i := range headers {
				headers[i] = strings.ReplaceAll(headers[i], "KEY", key)
			}
			w.Header().Set("X-Request-Id", "request-of-"+key)
			answer(status, strings.ReplaceAll(format, "KEY", key), headers...)(w, r)
		}
	}
	generated := strings.Replace(generatedJSON, `"id":"k1"`, `"id":"k1","note":"`+marker+`"`, 1)
	answers := []http.HandlerFunc{
		answer(201, generated),
		answer(201, strings.Replace(generated, `"id":"k1"`, `"id":null`, 1)),
		answer(201, generated[:len(generated)-2]),
		answer(201, generated, "Content-Type", "text/html"),
		answer(201, strings.Replace(generated, `"`+generatedKey+`"`, `["`+marker+`"]`, 1)),
		echo(201, `{"id":"KEY `+marker+`"}`, "X-Request-Id", "request-of-KEY"),
		echo(401, `{"error":"The key KEY is unknown."}`, "X-Request-Id", "request-of-KEY"),
		echo(403, `<html>`+marker+` KEY</html>`, "Content-Type", "text/KEY"),
		echo(404, `<html>`+marker+` KEY</html>`, "Content-Type", "text/KEY"),
		echo(307, marker, "Location", "https://KEY.test/KEY?"+marker),
		echo(503, `{"error":"No, KEY."}`, "Retry-After", marker),
		drop,
	}
	for i, answer := range answers {
		var (
			shown  bytes.Buffer
			header http.Header
		)
		log := logged(t, func(ctx context.Context, t *testing.T) {
			s := serve(t, answer)
			key, err := s.client(Config{}).CreateAPIKey(ctx, APIKeyRequest{ProjectID: "p1", Environment: "prd"})
			fmt.Fprintf(&shown, "%v %+v %#v %v %+v %s", err, err, err, key, key, key)
			if (i < 2) != (err == nil) { // the second answer lacks only the id
				t.Errorf("answer %d: %v", i, err)
			}
			header = s.got()[0].header
		})
		for name, secret := range map[string]string{
			"the management key": testKey, "the generated key": generatedKey, "the body": marker, "the Idempotency-Key": header.Get("Idempotency-Key"),
		} {
			for where, text := range map[string]string{"error": shown.String(), "log": log} {
				if name == "the Idempotency-Key" && where == "error" {
					continue // a field of UnknownOutcomeError, so that %#v may show it
				}
				if secret == "" || strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
					t.Errorf("answer %d: the %s shows %s %q:\n%s", i, where, name, secret, text)
				}
			}
		}
		// Without these the silence would prove nothing.
		if header.Get("Authorization") != "Bearer "+testKey || !strings.Contains(log, `"path":"/v2/api-keys"`) || shown.Len() == 0 {
			t.Errorf("answer %d: the key was not sent, or nothing was logged:\n%s", i, log)
		}
	}
}

// A service that repeats a key of the provider does not bring it into an error or a log.
func TestKeysAreMasked(t *testing.T) {
	const other, longer = "tl_TheOtherSecretOfTheProvider", "tl_TheOtherSecretOfTheProviderIsLonger"
	log := logged(t, func(ctx context.Context, t *testing.T) {
		c := serve(t, answer(401, `{"error":"Not `+other+`, `+longer+` or `+testKey+`."}`, "X-Request-Id", other)).client(Config{Secrets: []string{"", " ", other, longer}})
		for _, id := range []string{"p1", testKey, longer} {
			_, err := c.UpdateProject(ctx, id, ProjectRequest{})
			if want := "Not " + MaskKey(other) + ", " + MaskKey(longer) + " or " + MaskKey(testKey) + "."; as[*Error](t, err).Message != want || strings.Contains(as[*Error](t, err).RequestID, "Secret") {
				t.Errorf("got %q, want %q", err, want)
			}
		}
		tflog.Info(ctx, "unmasked", map[string]any{"key": testKey}) // the control: the caller's context is as it was
	})
	if strings.Contains(log, "OtherSecret") || strings.Count(log, testKey) != 1 || strings.Count(log, `"path":"/v2/projects/***","query":""`) != 1 || !strings.Contains(log, `"path":"/v2/projects/`+MaskKey(longer)+`"`) {
		t.Errorf("the log shows a key:\n%s", log)
	}
}

func TestGeneratedAPIKeyHidesItsSecret(t *testing.T) {
	key := GeneratedAPIKey{APIKey: APIKey{ID: "k1", MaskedKey: "tl_****Wx3k"}, Key: generatedKey}
	var out bytes.Buffer
	for _, v := range []any{key, &key, []GeneratedAPIKey{key}, map[string]any{"key": key}, struct{ K GeneratedAPIKey }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "key", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "key", v)
		tflog.Info(tflogtest.RootLogger(t.Context(), &out), "tflog", map[string]any{"key": v})
	}
	text := out.String()
	if strings.Contains(text, generatedKey) || strings.Contains(text, fmt.Sprintf("%x", generatedKey)) {
		t.Errorf("the key shows:\n%s", text)
	}
	if !strings.Contains(text, "tl_****Wx3k") {
		t.Errorf("nothing of the key shows:\n%s", text)
	}
}
