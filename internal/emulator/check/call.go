package check

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
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
)

const (
	// maxBody limits the size of an answer, in bytes.
	maxBody = 10 << 20

	// maxPause is the longest wait that the service may ask for, and maxPauses how often it may.
	maxPause  = time.Minute
	maxPauses = 20
)

// service is where the requests go, with its key: a traceloop.Client or a traceloop.ProjectClient.
type service interface {
	HTTP() *http.Client
	NewRequest(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error)
	BaseURL() string
	IsLoopback() bool
}

// sentPath is the path with the id, escaped as the client escapes it.
func (a *answer) sentPath() string {
	if !a.isOfOne() {
		return a.path
	}
	return a.collection() + "/" + url.PathEscape(a.id)
}

// sent describes the request without names, ids and keys.
func (a *answer) sent() string {
	text := a.String()
	parameters := make([]string, 0, len(a.parameters))
	for _, name := range slices.Sorted(maps.Keys(a.parameters)) {
		value := "{" + name + "}"
		if name == "limit" {
			value = a.parameters.Get(name)
		}
		parameters = append(parameters, name+"="+value)
	}
	if len(parameters) > 0 {
		text += "?" + strings.Join(parameters, "&")
	}
	if a.body != nil {
		text += " {" + strings.Join(slices.Sorted(maps.Keys(a.body)), ", ") + "}"
	}
	switch a.key {
	case "":
		return text
	case noKey, unknownKey:
		return text + " with " + a.key
	}
	return text + " with the project's own key"
}

// call makes the request of a step, for its answer. missing names an object of an earlier step that is not
// there.
func (c *checker) call(s step) (made *answer, missing string) {
	made = &answer{step: s, operation: c.byName[s.op], parameters: url.Values{}}
	find := func(name string) m {
		if name != "" && c.objects[name] == nil {
			missing = name
		}
		return c.objects[name]
	}
	find(s.after)
	find(s.like)
	if made.secret = find(s.key).text("api_key"); made.secret == "" && s.key != noKey && s.key != "" {
		missing = s.key
	}
	made.id = find(s.of).text("id")
	if strings.HasSuffix(made.path, "{external_id}") {
		made.id = find(s.of).text("external_id")
	}
	place := m{}
	project, environment, _ := strings.Cut(s.in, "/")
	if project != "" {
		place["project_id"] = find(project).text("id")
	}
	if environment == "eu" { // the scenario's own; others are slugs
		environment = find(environment).text("slug")
	}
	if environment != "" {
		place["environment"] = environment
	}
	switch {
	case made.method == http.MethodGet:
		for name, value := range s.query {
			made.parameters.Set(name, value)
		}
		for name := range place {
			made.parameters.Set("limit", pageLimit)
			made.parameters.Set(name, place.text(name))
		}
	case made.method == http.MethodPost && made.managed() && len(s.body)+len(place) > 0:
		maps.Copy(place, s.body)
		made.body = place
		// One key for each name, so that a step can repeat another's.
		made.repeats = c.suffix + "-" + cmp.Or(s.like, s.as, rand.Text())
	}
	return made, missing
}

// send gets the answer. A project's key goes only to the operations that take it, and so does the
// management key.
func (c *checker) send(ctx context.Context, a *answer) {
	via, other := c.project, c.management
	if a.managed() {
		via, other = other, via
	}
	if via == nil && a.key != "" {
		via = other // whose key is replaced
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
	if json.Unmarshal(a.data, &a.value) != nil {
		a.value = nil
	}
	a.leaks = slices.ContainsFunc(c.generated, func(key string) bool { return bytes.Contains(a.data, []byte(key)) })
	if a.err == nil && a.spec != nil {
		named := func(name string) bool { return a.header.Get(name) != "" }
		c.named = c.named && named("X-Request-Id")
		c.nameless = c.nameless || !slices.ContainsFunc([]string{"X-Request-Id", "x-kong-request-id", "cf-ray"}, named)
	}
}

// receive sends the request once. An interrupt does not stop a write on its way. An error means no
// answer.
func (a *answer) receive(ctx context.Context, via service) error {
	if a.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	var body any
	if a.body != nil {
		body = a.body
	}
	r, err := via.NewRequest(ctx, a.method, a.sentPath(), a.parameters, body)
	if err != nil {
		return err
	}
	switch {
	case a.secret != "":
		r.Header.Set("Authorization", "Bearer "+a.secret)
	case a.key != "":
		r.Header.Del("Authorization")
	}
	if a.repeats != "" {
		r.Header.Set("Idempotency-Key", a.repeats)
	}
	came, err := via.HTTP().Do(r)
	if err != nil {
		return err
	}
	defer came.Body.Close()
	a.status, a.header = came.StatusCode, came.Header
	a.data, err = io.ReadAll(io.LimitReader(came.Body, maxBody+1))
	switch {
	case err != nil:
		return fmt.Errorf("the answer's body is incomplete or did not arrive in time: %w", err)
	case len(a.data) > maxBody:
		return fmt.Errorf("the answer's body is larger than %d MiB", maxBody>>20)
	}
	return nil
}
