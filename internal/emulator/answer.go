package emulator

import (
	"bytes"
	"database/sql"
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

// answer is the answer of an operation. The body may be nil.
type answer struct {
	status int
	body   any
}

type operation func(*http.Request) (answer, error)

// handler makes an http.Handler from an operation.
func (e *Emulator) handler(do operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := do(r)
		if err != nil {
			e.writeError(w, err)
			return
		}
		writeJSON(w, a.status, a.body)
	})
}

// transact answers 200 with the result of do.
func (e *Emulator) transact(do func(*sql.Tx) (any, error)) (answer, error) {
	var body any
	err := e.store.transact(func(tx *sql.Tx) (err error) {
		body, err = do(tx)
		return err
	})
	return answer{http.StatusOK, body}, err
}

// delete answers 204, or with absent if nothing was deleted.
func (e *Emulator) delete(do func(*sql.Tx) (sql.Result, error), absent error) (answer, error) {
	err := e.store.transact(func(tx *sql.Tx) error {
		result, err := do(tx)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows > 0 {
			return err
		}
		return absent
	})
	return answer{http.StatusNoContent, nil}, err
}

func (e *Emulator) writeError(w http.ResponseWriter, err error) {
	refused, ok := errors.AsType[*apiError](err)
	if !ok {
		e.logger.Error("request failed", "error", err)
		refused = &apiError{http.StatusInternalServerError, "The emulator failed; its log has the reason."}
	}
	if refused.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeJSON(w, refused.status, errorBody(refused.message))
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
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body is a struct of this package
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(data)
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
