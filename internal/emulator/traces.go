package emulator

import (
	"cmp"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// maxTraces limits an export, after decompression.
const maxTraces = 20 << 20

// Traces contains what was sent to POST /v1/traces. RefusedRequests counts the answers 401 and 403.
type Traces struct {
	Accepted        []AcceptedSpans `json:"accepted"`
	RefusedRequests int64           `json:"refused_requests"`
}

// AcceptedSpans counts the spans sent with the keys of one project and environment.
type AcceptedSpans struct {
	ProjectID   string `json:"project_id"`
	Project     string `json:"project"`
	Environment string `json:"environment"`
	Spans       int    `json:"spans"`
}

// Traces returns the accepted spans, without those of deleted projects and environments, and the
// refusals since the start.
func (e *Emulator) Traces() (Traces, error) {
	traces := Traces{Accepted: []AcceptedSpans{}, RefusedRequests: e.refusedTraces.Load()}
	err := e.store.transact(func(tx *sql.Tx) error {
		accepted, err := readAll(tx, func(scan row) (a AcceptedSpans, err error) {
			err = scan(&a.ProjectID, &a.Project, &a.Environment, &a.Spans)
			return a, err
		}, `SELECT t.project_id, p.name, e.slug, t.spans FROM traces t
			JOIN projects p ON p.id = t.project_id JOIN environments e ON e.id = t.environment_id
			ORDER BY p.seq, e.seq`)
		traces.Accepted = append(traces.Accepted, accepted...)
		return err
	})
	return traces, err
}

// encoding is one of the two encodings of OTLP over HTTP.
type encoding struct {
	unmarshal func(ptraceotlp.ExportRequest, []byte) error
	marshal   func(ptraceotlp.ExportResponse) ([]byte, error)
}

var encodings = map[string]encoding{
	"application/x-protobuf": {ptraceotlp.ExportRequest.UnmarshalProto, ptraceotlp.ExportResponse.MarshalProto},
	"application/json":       {unmarshalJSON, ptraceotlp.ExportResponse.MarshalJSON},
}

// unmarshalJSON refuses text after the JSON object, which pdata's reader accepts.
func unmarshalJSON(request ptraceotlp.ExportRequest, data []byte) error {
	if !json.Valid(data) {
		return errors.New("it is not JSON")
	}
	return request.UnmarshalJSON(data)
}

// acceptTraces only counts the spans of an export. A key that was revoked while the export came is
// refused.
func (e *Emulator) acceptTraces(w http.ResponseWriter, r *http.Request) {
	contentType, traces, unreadable := decodeExport(r)
	var refused error
	err := e.store.transact(func(tx *sql.Tx) error {
		who, err := e.authorize(tx, r, sends)
		switch _, refuses := errors.AsType[*apiError](err); {
		case refuses:
			refused = err
			return who.countRefused(tx, traces)
		case err != nil || unreadable != nil:
			return cmp.Or(err, unreadable)
		}
		return who.countAccepted(tx, traces)
	})
	if refused != nil {
		e.refusedTraces.Add(1)
	}
	if err := cmp.Or(err, refused); err != nil {
		e.writeError(w, err)
		return
	}
	reply, err := encodings[contentType].marshal(ptraceotlp.NewExportResponse())
	if err != nil {
		e.writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(reply)
}

// countRefused counts only the spans of a key that was revoked, not those of an unknown one.
func (who caller) countRefused(tx *sql.Tx, traces ptrace.Traces) error {
	_, err := tx.Exec("UPDATE revoked_keys SET spans = spans + ? WHERE hash = ?", traces.SpanCount(), who.hash)
	return err
}

func (who caller) countAccepted(tx *sql.Tx, traces ptrace.Traces) error {
	if who.principal == organizationKey {
		_, err := tx.Exec("UPDATE organization_keys SET spans = spans + ? WHERE hash = ?", traces.SpanCount(), who.hash)
		return err
	}
	_, err := tx.Exec(`
		INSERT INTO traces (project_id, environment_id, spans)
		SELECT project_id, environment_id, ? FROM env_projects WHERE id = ?
		ON CONFLICT DO UPDATE SET spans = spans + excluded.spans`, traces.SpanCount(), who.envProject)
	if err != nil {
		return err
	}
	return matchSpans(tx, who.envProject, traces)
}

// decodeExport returns a content type that is one of encodings.
func decodeExport(r *http.Request) (contentType string, traces ptrace.Traces, err error) {
	traces = ptrace.NewTraces()
	contentType, _, err = mime.ParseMediaType(r.Header.Get("Content-Type"))
	encoding, known := encodings[contentType]
	if err != nil || !known {
		return "", traces, refuse(http.StatusUnsupportedMediaType, "Content-Type must be application/x-protobuf or application/json, not %q.", r.Header.Get("Content-Type"))
	}
	data, err := readExport(r)
	if err != nil {
		return "", traces, err
	}
	request := ptraceotlp.NewExportRequest()
	if err := encoding.unmarshal(request, data); err != nil {
		return "", traces, refuse(http.StatusBadRequest, "The request body is not an OTLP export of traces in %s: %v.", contentType, err)
	}
	return contentType, request.Traces(), nil
}

func readExport(r *http.Request) ([]byte, error) {
	var body io.Reader = io.LimitReader(r.Body, maxTraces+1)
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "Content-Encoding is gzip, but the request body is not: %v.", err)
		}
		body = unzipped
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding must be gzip or none, not %q.", r.Header.Get("Content-Encoding"))
	}
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "The export is larger than %d MiB after decompression.", maxTraces>>20)
	data, err := readLimited(body, maxTraces, tooLarge)
	if err != nil && !errors.Is(err, tooLarge) {
		err = refuse(http.StatusBadRequest, "The request body is incomplete: %v.", err)
	}
	return data, err
}
