package check

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	maxBody   = 10 << 20    // bytes of an answer
	maxPause  = time.Minute // that the service may ask for
	maxPauses = 20          // before one answer
)

// m is a JSON object.
type m map[string]any

func (o m) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// answer is a step as it is sent, with values in the place of names, and what came.
type answer struct {
	step
	*operation

	id     string // in the path
	secret string // the key that is sent instead of the operation's own

	err    error // why there is no answer
	status int
	header http.Header
	data   []byte
	value  any  // the body, if it is JSON
	leaks  bool // it shows a key that was generated before

	items []m      // of a list, in the order of the answer
	notes []string // how it differs from the contract in a way that the provider accepts
}

func (a *answer) note(what string) {
	if !slices.Contains(a.notes, what) {
		a.notes = append(a.notes, what)
	}
}

// object returns the body if it is an object, or nil.
func (a *answer) object() m {
	o, _ := a.value.(map[string]any)
	return o
}

func (a *answer) good() bool { return a.err == nil && a.status/100 == 2 }

func (a *answer) paged() bool {
	_, paged := a.object()["next_cursor"].(string)
	return paged
}

// complete reports whether no page follows. What would be on one is not looked for.
func (a *answer) complete() bool { return a.object().text("next_cursor") == "" }

// sent describes the request without values.
func (a *answer) sent() string {
	text := a.String()
	if len(a.query) > 0 {
		text += "?" + strings.Join(slices.Sorted(maps.Keys(a.query)), "&")
	}
	if a.body != nil {
		text += " {" + strings.Join(slices.Sorted(maps.Keys(a.body)), ", ") + "}"
	}
	if a.key != "" {
		text += " with " + a.key
	}
	return text
}

// resolve puts ids, keys and other values into a step. missing names an object of an earlier step that is
// not there.
func (c *checker) resolve(s step) (a *answer, missing string) {
	a = &answer{step: s, operation: c.byName[s.op]}
	member := func(object, name string) string {
		value := c.objects[object].text(name)
		if value == "" {
			missing = object
		}
		return value
	}
	resolved := func(all m) m {
		all = maps.Clone(all)
		for name := range all {
			if reference, refers := strings.CutPrefix(all.text(name), "$"); refers {
				object, of, _ := strings.Cut(reference, ".")
				all[name] = member(object, of)
			}
		}
		return all
	}
	a.query, a.body, a.shows = resolved(s.query), resolved(s.body), resolved(s.shows)
	if _, there := c.objects[s.after]; s.after != "" && !there {
		missing = s.after
	}
	if s.key != "" && s.key != noKey {
		a.secret = member(s.key, "api_key")
	}
	if s.of != "" {
		_, parameter, _ := strings.Cut(strings.TrimSuffix(a.path, "}"), "/{")
		a.id = member(s.of, parameter)
	}
	return a, missing
}

// via is the client whose key an operation takes. A project's key is never sent to an operation that takes the
// management key, nor the other way round.
func (c *checker) via(o *operation) *traceloop.Client {
	if o.managed() {
		return c.management
	}
	return c.project
}

// send gets the answer.
func (c *checker) send(ctx context.Context, a *answer) {
	via := c.via(a.operation)
	if a.key != "" {
		via = cmp.Or(via, c.management) // whose key is replaced
	}
	for pauses := 0; ; pauses++ {
		if a.err = ctx.Err(); a.err == nil {
			a.err = a.receive(ctx, via)
		}
		seconds, _ := strconv.Atoi(a.header.Get("Retry-After"))
		pause := time.Duration(max(seconds, 1)) * time.Second
		if a.err != nil || a.status != http.StatusTooManyRequests || pause > maxPause || pauses == maxPauses {
			break
		}
		if a.err = c.wait(ctx, pause); a.err != nil {
			break
		}
	}
	if wrapped, ok := errors.AsType[*url.Error](a.err); ok {
		a.err = wrapped.Err // the text of the other contains the whole URL
	}
	_ = json.Unmarshal(a.data, &a.value) // which stays nil without JSON
	shows := func(text string) bool { return bytes.Contains(a.data, []byte(text)) }
	a.leaks = slices.ContainsFunc(c.generated, shows) || a.spec != nil && a.spec.Extensions["x-once"] != "api_key" && shows(`"api_key"`)
	c.unnamed = c.unnamed || a.err == nil && a.spec != nil && a.header.Get("X-Request-Id") == ""
}

// receive sends the request once. An interrupt does not stop a write on its way. An error means no
// answer.
func (a *answer) receive(ctx context.Context, via *traceloop.Client) error {
	if a.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	path, query := a.collection(), url.Values{}
	if a.isOfOne() {
		path += "/" + url.PathEscape(a.id)
	}
	for name := range a.query {
		query.Set(name, a.query.text(name))
	}
	var body any
	if a.body != nil {
		body = a.body
	}
	r, err := via.NewRequest(ctx, a.method, path, query, body)
	if err != nil {
		return err
	}
	switch {
	case a.secret != "":
		r.Header.Set("Authorization", "Bearer "+a.secret)
	case a.key == noKey:
		r.Header.Del("Authorization")
	}
	came, err := via.HTTP().Do(r)
	if err != nil {
		return err
	}
	defer came.Body.Close()
	a.status, a.header = came.StatusCode, came.Header
	if a.data, err = io.ReadAll(http.MaxBytesReader(nil, came.Body, maxBody)); err != nil {
		return fmt.Errorf("the answer's body is incomplete, too large or did not arrive in time: %w", err)
	}
	return nil
}
