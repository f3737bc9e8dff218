package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Variant is the form of the API's answers.
type Variant string

const (
	// VariantContract is the form of the contract.
	VariantContract Variant = "contract"
	// VariantSeen is the form that the service was seen to use, on other objects, in recorded
	// answers: see seen.yaml in package contract.
	VariantSeen Variant = "seen"
)

func (v Variant) check() error {
	if v != "" && v != VariantContract && v != VariantSeen {
		return fmt.Errorf("the variant %q is unknown; it must be %s or %s", v, VariantContract, VariantSeen)
	}
	return nil
}

// identify sets the headers that identify a request.
func (v Variant) identify(header http.Header) {
	if v != VariantSeen {
		header.Set(requestIDHeader, "req_"+rand.Text())
		return
	}
	var id [24]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	header.Set("X-Kong-Request-Id", hex.EncodeToString(id[:16]))
	header.Set("Cf-Ray", hex.EncodeToString(id[16:])+"-AMS")
}

// requestID returns the id that identify has set.
func requestID(header http.Header) string {
	return header.Get(requestIDHeader) + header.Get("X-Kong-Request-Id")
}

// seenLists are the names of the lists that the contract has in pages. An empty name means an array
// without an object around it.
var seenLists = map[string]string{"/v2/projects": "projects", "/v2/environments": "environments", "/v2/api-keys": ""}

// seen changes the answers of the API to the forms of VariantSeen.
func seen(routes *http.ServeMux, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2") {
			api.ServeHTTP(w, r)
			return
		}
		// Only the patterns of operations have a method.
		if _, pattern := routes.Handler(r); !strings.Contains(pattern, " ") {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusNotFound)
			w.Write([]byte("404 page not found"))
			return
		}
		r = r.Clone(r.Context())
		r.Header.Del("Idempotency-Key")
		held := newHeldAnswer()
		if name, paged := seenLists[r.URL.Path]; paged && r.Method == http.MethodGet {
			serveWholeList(held, api, r, name)
		} else {
			api.ServeHTTP(held, r)
		}
		held.resembleSeen(r)
		held.sendTo(w)
	})
}

// serveWholeList answers with all pages of a list.
func serveWholeList(held *heldAnswer, api http.Handler, r *http.Request, name string) {
	items := []json.RawMessage{}
	query := r.URL.Query()
	query.Set("limit", "100")
	query.Del("cursor")
	for {
		r.URL.RawQuery = query.Encode()
		part := newHeldAnswer()
		api.ServeHTTP(part, r)
		var page Page[json.RawMessage]
		if part.status != http.StatusOK || json.Unmarshal(part.body.Bytes(), &page) != nil {
			*held = *part
			return
		}
		items = append(items, page.Data...)
		if page.NextCursor == "" {
			break
		}
		query.Set("cursor", page.NextCursor)
	}
	if name == "" {
		writeJSON(held, http.StatusOK, items)
		return
	}
	writeJSON(held, http.StatusOK, map[string]any{name: items, "total": len(items)})
}

// resembleSeen changes the status and the body.
func (h *heldAnswer) resembleSeen(r *http.Request) {
	h.header.Del("WWW-Authenticate")
	h.header.Del("Allow")
	switch {
	case h.status == http.StatusUnauthorized:
		h.refuse("Unauthorized")
	case h.status == http.StatusNotFound:
		h.refuse(strings.ToUpper(seenObject(r)[:1]) + seenObject(r)[1:] + " not found")
	case h.status == http.StatusConflict && r.Method != http.MethodDelete:
		h.refuse(fmt.Sprintf("ERROR: duplicate key value violates unique constraint \"%ss_key\" (SQLSTATE 23505)", strings.ReplaceAll(seenObject(r), " ", "_")))
	case h.status == http.StatusOK && (r.Method == http.MethodPut || r.Method == http.MethodPatch):
		h.header.Del("Content-Type")
		h.body.Reset()
	case h.status < http.StatusMultipleChoices && h.body.Len() > 0:
		created := h.status == http.StatusCreated
		if created {
			h.status = http.StatusOK
		}
		h.rewrite(created, r.Method == http.MethodGet)
	}
}

func (h *heldAnswer) refuse(message string) {
	h.body.Reset()
	writeJSON(h, h.status, errorBody(message))
}

// seenObject names the kind of object of a path.
func seenObject(r *http.Request) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	return strings.ReplaceAll(strings.TrimSuffix(name, "s"), "-", " ")
}

// rewrite changes the objects of the body, and turns a list round: newest first.
func (h *heldAnswer) rewrite(created, read bool) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(h.body.Bytes()))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		panic(err) // it is an answer of this package
	}
	if read {
		slices.Reverse(listIn(value))
	}
	rewriteSeen(value, created)
	h.body.Reset()
	writeJSON(h, h.status, value)
}

// listIn returns the list that an answer is, or that it has in an object. An object of the API has more
// members than such a one.
func listIn(value any) []any {
	switch value := value.(type) {
	case []any:
		return value
	case map[string]any:
		for _, member := range value {
			if list, ok := member.([]any); ok && len(value) <= 2 {
				return list
			}
		}
	}
	return nil
}

func rewriteSeen(value any, created bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			rewriteSeen(item, created)
		}
	case map[string]any:
		delete(value, "masked_key")
		for name, member := range value {
			if text, ok := member.(string); ok && strings.HasSuffix(name, "_at") {
				value[name] = seenTime(text, created)
			} else {
				rewriteSeen(member, created)
			}
		}
	}
}

// seenTime returns a time as the service was seen to write it: in the answer to a creation with
// nanoseconds, which a later answer rounds to milliseconds.
func seenTime(text string, created bool) string {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	if created {
		moment = moment.Add(-185907 * time.Nanosecond) // rounded: the same
	}
	return moment.Format(time.RFC3339Nano)
}
