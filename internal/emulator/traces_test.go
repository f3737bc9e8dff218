package emulator_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
)

func export(t *testing.T, marshal func(ptraceotlp.ExportRequest) ([]byte, error)) string {
	t.Helper()
	traces := ptrace.NewTraces()
	for range 2 {
		traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("span")
	}
	data, err := marshal(ptraceotlp.NewExportRequestFromTraces(traces))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func zipped(t *testing.T, data string) string {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func TestExportOfTraces(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	project := s.Projects()[0]
	_, key := s.GenerateKey(project.ID, "dev")
	protobuf := export(t, ptraceotlp.ExportRequest.MarshalProto)
	json := export(t, ptraceotlp.ExportRequest.MarshalJSON)
	const protobufType, jsonType = "application/x-protobuf", "application/json"

	spans := 0
	for _, test := range []struct {
		name, contentType, encoding, body string
		want                              int
	}{
		{"protobuf", protobufType, "", protobuf, 200},
		{"JSON", jsonType, "", json, 200},
		{"JSON with charset", jsonType + "; charset=utf-8", "identity", json, 200},
		{"protobuf, gzip", protobufType, "gzip", zipped(t, protobuf), 200},
		{"JSON, gzip", jsonType, "gzip", zipped(t, json), 200},
		{"no content type", "", "", protobuf, 415},
		{"another content type", "text/plain", "", protobuf, 415},
		{"another encoding", protobufType, "br", protobuf, 415},
		{"is gzip, but", protobufType, "gzip", protobuf, 400},
		{"gzip cut off", protobufType, "gzip", zipped(t, protobuf)[:20], 400},
		{"not protobuf", protobufType, "", json, 400},
		{"not JSON", jsonType, "", "traces", 400},
		{"nothing", jsonType, "", "", 400},
		{"more than JSON", jsonType, "", json + "x", 400},
		{"JSON of something else", jsonType, "", `{"resourceSpans":"x"}`, 400},
		{"too large", protobufType, "", strings.Repeat("\x00", 20<<20+1), 413},
		{"too large once decompressed", protobufType, "gzip", zipped(t, strings.Repeat("\x00", 20<<20+1)), 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := post(t, s, "/v1/traces", test.body,
				"Authorization", "Bearer "+key, "Content-Type", test.contentType, "Content-Encoding", test.encoding)
			if test.want != http.StatusOK {
				wantRefusal(t, answer, test.want)
				return
			}
			spans += 2
			contentType, _, _ := strings.Cut(test.contentType, ";")
			if answer.status != http.StatusOK || answer.header.Get("Content-Type") != contentType {
				t.Fatalf("answered %d %s %s", answer.status, answer.header.Get("Content-Type"), answer.body)
			}
			response := ptraceotlp.NewExportResponse()
			unmarshal := response.UnmarshalProto
			if contentType == jsonType {
				unmarshal = response.UnmarshalJSON
			}
			if err := unmarshal(answer.body); err != nil || response.PartialSuccess().RejectedSpans() != 0 || response.PartialSuccess().ErrorMessage() != "" {
				t.Errorf("answered %q: %v", answer.body, err)
			}
		})
	}
	want := []emulatortest.AcceptedSpans{{ProjectID: project.ID, Project: "Default project", Environment: "dev", Spans: spans}}
	if got := s.Traces(); !slices.Equal(got.Accepted, want) || got.RefusedRequests != 0 || spans != 10 {
		t.Errorf("accepted %+v, want %+v", got, want)
	}
}

func TestTracesCountByProjectAndEnvironment(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	orders, billing := s.CreateProject("Orders"), s.CreateProject("Billing")
	s.CreateEnvironment("", "Shared")
	_, billingShared := s.GenerateKey(billing.ID, "shared")
	_, ordersShared := s.GenerateKey(orders.ID, "shared")
	ordersDevID, ordersDev := s.GenerateKey(orders.ID, "dev")
	for i, key := range []string{billingShared, ordersShared, ordersDev} {
		for range 2 {
			if status := s.SendSpans(key, i+1); status != http.StatusOK {
				t.Fatalf("answered %d", status)
			}
		}
	}
	// The count stays when the key goes.
	s.RevokeKey(ordersDevID)
	s.RenameProject(billing.ID, "Invoices")
	for _, key := range []string{ordersDev, "tl_unknown", s.ManagementKey} {
		s.SendSpans(key, 1)
	}
	want := []emulatortest.AcceptedSpans{
		{ProjectID: orders.ID, Project: "Orders", Environment: "dev", Spans: 6},
		{ProjectID: orders.ID, Project: "Orders", Environment: "shared", Spans: 4},
		{ProjectID: billing.ID, Project: "Invoices", Environment: "shared", Spans: 2},
	}
	got := s.Traces()
	if !slices.Equal(got.Accepted, want) {
		t.Errorf("accepted %+v, want %+v", got.Accepted, want)
	}
	if got.RefusedRequests != 3 {
		t.Errorf("%d requests were refused, want 3", got.RefusedRequests)
	}
}

// revoking is a body that revokes the key before its first byte.
type revoking struct {
	io.Reader
	revoke func()
}

func (r *revoking) Read(data []byte) (int, error) {
	if r.revoke != nil {
		r.revoke()
		r.revoke = nil
	}
	return r.Reader.Read(data)
}

// Rule 7: at once, even for an export under way.
func TestKeyRevokedDuringExport(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	id, key := s.GenerateKey(s.Projects()[0].ID, "dev")
	body := &revoking{strings.NewReader(export(t, ptraceotlp.ExportRequest.MarshalProto)), func() { s.RevokeKey(id) }}
	r := httptest.NewRequest("POST", "/v1/traces", body)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/x-protobuf")
	w := httptest.NewRecorder()
	s.Emulator.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || len(s.Traces().Accepted) != 0 {
		t.Errorf("answered %d %s, accepted %+v", w.Code, w.Body, s.Traces().Accepted)
	}
}

// The exporter that applications use.
func TestRealExporter(t *testing.T) {
	t.Parallel()
	s := emulatortest.Start(t)
	id, key := s.GenerateKey(s.Projects()[0].ID, "prd")
	exporter, err := otlptracehttp.New(t.Context(),
		otlptracehttp.WithEndpointURL(s.URL+"/v1/traces"),
		otlptracehttp.WithHeaders(map[string]string{"Authorization": "Bearer " + key}),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	if err != nil {
		t.Fatal(err)
	}
	defer exporter.Shutdown(t.Context())
	spans := tracetest.SpanStubs{{Name: "one"}, {Name: "two"}, {Name: "three"}}.Snapshots()

	if err := exporter.ExportSpans(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	if accepted := s.Traces().Accepted; len(accepted) != 1 || accepted[0].Spans != 3 || accepted[0].Environment != "prd" {
		t.Errorf("accepted %+v", accepted)
	}
	s.RevokeKey(id)
	if err := exporter.ExportSpans(t.Context(), spans); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("with the revoked key: %v, want an error with 401", err)
	}
}
