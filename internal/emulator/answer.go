package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// apiError is an error that the client sees.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

// handler serves what do returns: the body of an answer, or a refusal.
func (e *Emulator) handler(status int, do func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := do(r)
		if err != nil {
			e.writeError(w, err)
			return
		}
		writeJSON(w, status, body)
	})
}

func (e *Emulator) writeError(w http.ResponseWriter, err error) {
	refused, ok := errors.AsType[*apiError](err)
	if !ok {
		e.logger.Error("request failed", "error", err)
		refused = failed()
	}
	if refused.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, refused.status, errorBody(refused.message))
}

func failed() *apiError {
	return &apiError{http.StatusInternalServerError, "The emulator failed; its log has the reason."}
}

func errorBody(message string) any {
	return struct {
		Error string `json:"error"`
	}{message}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write([]byte(inJSON(body)))
}

// inJSON writes a value of this package's types, which JSON always has.
func inJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// heldAnswer is an answer before it is sent: a fault may still corrupt it.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeldAnswer() *heldAnswer { return &heldAnswer{header: http.Header{}, status: http.StatusOK} }

func (h *heldAnswer) Header() http.Header                  { return h.header }
func (h *heldAnswer) WriteHeader(status int)               { h.status = status }
func (h *heldAnswer) Write(data []byte) (n int, err error) { return h.body.Write(data) }

func (h *heldAnswer) sendTo(w http.ResponseWriter) {
	maps.Copy(w.Header(), h.header)
	// HTTP allows no body for these two; only a fault of the kind "status" would set one.
	if h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		h.body.Reset()
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(h.body.Len()))
	}
	w.WriteHeader(h.status)
	w.Write(h.body.Bytes())
}
