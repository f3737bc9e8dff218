package traceloop

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// The statuses of a setup, and of each of its evaluators.
const (
	StatusPending         = "pending"
	StatusInProgress      = "in_progress"
	StatusWaitingForSpans = "waiting_for_spans"
	StatusCompleted       = "completed"
	StatusPartial         = "partial"
	StatusFailed          = "failed"
)

// AutoMonitorSetup makes monitors: it runs evaluators on the spans that its selector matches.
// It belongs to the project and environment of the key that made it.
type AutoMonitorSetup struct {
	ID           string
	ExternalID   string // the caller's name for it, unique in the project
	ProjectID    string
	EnvProjectID string // names a project and environment
	Selector     []Rule
	Evaluators   []AutoMonitorEvaluator
	Status       string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// AutoMonitorEvaluator is the state of one evaluator of a setup.
type AutoMonitorEvaluator struct {
	Slug         string
	Status       string // may be empty
	ErrorMessage string // may be empty
}

// The sources and the operators of a rule.
const (
	SourceSpan     = "span_attributes"
	SourceResource = "resource_attributes"

	OperatorEquals      = "equals"
	OperatorNotEquals   = "not_equals"
	OperatorContains    = "contains"
	OperatorNotContains = "not_contains"
	OperatorExists      = "exists"
	OperatorNotExists   = "not_exists"
	OperatorIn          = "in"
	OperatorNotIn       = "not_in"
)

// Rule selects spans by one attribute. Value and Values are as the operator demands.
type Rule struct {
	Key      string   `json:"key"`
	Value    *string  `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"`
	Source   string   `json:"source"`
	Operator string   `json:"operator,omitempty"` // equals, if it is empty
}

// AutoMonitorSetupRequest is what can be chosen about a setup.
type AutoMonitorSetupRequest struct {
	ExternalID string
	Evaluators []string // slugs
	Selector   []Rule   // none: every span
}

// setupBody leaves out what is nil. An update says "no rules", where a creation says nothing.
type setupBody struct {
	ExternalID string   `json:"external_id,omitempty"`
	Evaluators []string `json:"evaluators"`
	Selector   any      `json:"selector,omitempty"`
}

func (r AutoMonitorSetupRequest) body(update bool) setupBody {
	body := setupBody{ExternalID: r.ExternalID, Evaluators: r.Evaluators}
	switch {
	case len(r.Selector) > 0:
		body.Selector = r.Selector
	case update:
		body.Selector = []Rule{}
	}
	return body
}

func readAutoMonitorSetup(f *fields) AutoMonitorSetup {
	setup := AutoMonitorSetup{
		ID:           f.text("id"),
		ExternalID:   f.text("external_id"),
		ProjectID:    f.text("project_id"),
		EnvProjectID: f.text("env_project_id"),
		Status:       f.text("status"),
		CreatedAt:    f.time("created_at"),
		UpdatedAt:    f.time("updated_at"),
	}
	for _, rule := range f.optionalObjects("init_rules") {
		setup.Selector = append(setup.Selector, readRule(rule))
	}
	for _, e := range f.objects("evaluators") {
		setup.Evaluators = append(setup.Evaluators, AutoMonitorEvaluator{
			Slug:         evaluatorSlug(e.text("evaluator_type")),
			Status:       e.optionalText("status"),
			ErrorMessage: e.optionalText("error_message"),
		})
	}
	return setup
}

// readRule takes the operator from where either of the published descriptions has it: the
// pages call it "operator", the OpenAPI document "op".
func readRule(f *fields) Rule {
	rule := Rule{Key: f.text("key"), Source: f.text("source"), Values: f.optionalTexts("values")}
	if rule.Operator = f.optionalText("operator"); rule.Operator == "" {
		rule.Operator = f.optionalText("op")
	}
	if rule.Operator == "" {
		rule.Operator = OperatorEquals
	}
	if value := f.optionalText("value"); value != "" {
		rule.Value = &value
	}
	return rule
}

var evaluatorType = regexp.MustCompile(`^[A-Z0-9]+(_[A-Z0-9]+)*$`)

// evaluatorSlug makes a slug of what the OpenAPI document calls an evaluator's type, such as
// PII_DETECTOR. The pages have slugs in its place.
func evaluatorSlug(s string) string {
	if !evaluatorType.MatchString(s) {
		return s
	}
	return strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}

// ListAutoMonitorSetups returns what the service lists: the setups of the organization, as
// the OpenAPI document says. An empty status is any.
func (c *ProjectClient) ListAutoMonitorSetups(ctx context.Context, status string) ([]AutoMonitorSetup, error) {
	if status == "" {
		return c.setups.all(ctx)
	}
	return c.setups.fetch(ctx, url.Values{"status": {status}})
}

// GetAutoMonitorSetup reads a setup of the key's project and environment; reads share a list.
// See IsNotFound for one that does not exist. With an envProjectID, a setup that is there and
// not in the key's project and environment is an *OtherEnvironmentError.
func (c *ProjectClient) GetAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	return c.setups.get(ctx, externalID, envProjectID)
}

// ForgetAutoMonitorSetups has the next reads ask the service.
func (c *ProjectClient) ForgetAutoMonitorSetups() { c.setups.forget() }

// ExpectAutoMonitorSetup says that a setup is about to be created or updated: writes that
// come meanwhile are gathered with it.
func (c *ProjectClient) ExpectAutoMonitorSetup(externalID string) { c.writes.expect(externalID) }

// CreateAutoMonitorSetup creates a setup. Writes that come together are sent as one bulk
// upsert, which replaces a setup that has the external id already: look for one first. An
// *UnknownOutcomeError says that the setup may exist now.
func (c *ProjectClient) CreateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	return c.writes.add(ctx, r, false)
}

// UpdateAutoMonitorSetup replaces the evaluators and the selector of a setup in the project and
// environment that envProjectID names, and the setup starts over. Writes that come together are sent as one bulk upsert, which creates a setup that is
// not there. An *UnknownOutcomeError says that the setup may be replaced now.
func (c *ProjectClient) UpdateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest, envProjectID string) (*AutoMonitorSetup, error) {
	if err := c.requirePlace(ctx, r.ExternalID, envProjectID); err != nil {
		return nil, err
	}
	return c.writes.add(ctx, r, true)
}

// DeleteAutoMonitorSetup deletes a setup of the project and environment that envProjectID names.
func (c *ProjectClient) DeleteAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) error {
	if err := c.requirePlace(ctx, externalID, envProjectID); err != nil {
		return err
	}
	c.setups.forget()
	defer c.setups.forget()
	err := remove(ctx, c.client, c.client.paths.AutoMonitorSetups, externalID)
	if IsNotFound(err) {
		return c.setups.confirmed(ctx, externalID, envProjectID, err)
	}
	return err
}

// requirePlace refuses to change a setup with the key of another project and environment: it
// would change another setup, with the same external id.
func (c *ProjectClient) requirePlace(ctx context.Context, externalID, envProjectID string) error {
	switch own := c.setups.ownEnvProject(); own {
	case envProjectID:
		return nil
	case "":
		_, err := c.setups.get(ctx, externalID, envProjectID)
		return err
	default:
		return &OtherEnvironmentError{ExternalID: externalID, EnvProjectID: envProjectID, Own: own}
	}
}

// OwnEnvProjectID names the key's project and environment. It is empty until an answer about a
// setup has shown it.
func (c *ProjectClient) OwnEnvProjectID() string { return c.setups.ownEnvProject() }

// CreatedSince is that of Client.
func (c *ProjectClient) CreatedSince(created, ours time.Time) bool {
	return c.client.CreatedSince(created, ours)
}

// aboutExternal refuses an answer about another setup than the one that was asked for.
func aboutExternal(externalID string) func(*fields) AutoMonitorSetup {
	return func(f *fields) AutoMonitorSetup {
		setup := readAutoMonitorSetup(f)
		if setup.ExternalID != externalID {
			f.fail("it describes another object")
		}
		return setup
	}
}

func (c *ProjectClient) createOne(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	return object(ctx, c.client, request{method: http.MethodPost, path: c.client.paths.AutoMonitorSetups, body: r.body(false)}, aboutExternal(r.ExternalID))
}

func (c *ProjectClient) updateOne(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	path, err := elementPath(c.client.paths.AutoMonitorSetups, r.ExternalID)
	if err != nil {
		return nil, err
	}
	body := r.body(true)
	body.ExternalID = "" // it is in the path
	return object(ctx, c.client, request{method: http.MethodPut, path: path, body: body}, aboutExternal(r.ExternalID))
}

// ItemError is the service's refusal of one item of a bulk upsert. The others stand.
type ItemError struct {
	Path       string
	ExternalID string
	Message    string // the service's own words, without the item's index
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("POST %s: the item %q: %s", e.Path, e.ExternalID, e.Message)
}

// itemIndex is what the service puts before its message. Which item of a request a resource
// was means nothing to the reader.
var itemIndex = regexp.MustCompile(`^setups\[\d+\]:\s*`)

// upsertMany sends one bulk upsert. It may be repeated after a failure: a second one leaves
// behind what the first one does.
func (c *ProjectClient) upsertMany(ctx context.Context, writes []*setupWrite) []setupResult {
	body := struct {
		Setups []setupBody `json:"setups"`
	}{}
	for _, w := range writes {
		body.Setups = append(body.Setups, w.request.body(w.update))
	}
	results := make([]setupResult, len(writes))
	err := c.client.do(ctx, request{method: http.MethodPost, path: c.client.paths.AutoMonitorSetupsBulk, body: body, repeatable: true}, func(f *fields) {
		items := f.objects("setups")
		if len(items) != len(writes) {
			f.fail("it has %d items, not the %d of the request", len(items), len(writes))
			return
		}
		for i, item := range items {
			externalID := writes[i].request.ExternalID
			if item.text("external_id") != externalID {
				f.fail("its items are not in the order of the request")
			}
			switch status := item.text("status"); status {
			case "ok":
				setup := aboutExternal(externalID)(item.object("result"))
				results[i].setup = &setup
			case "error":
				results[i].err = &ItemError{Path: c.client.paths.AutoMonitorSetupsBulk, ExternalID: externalID, Message: c.client.sanitize(itemIndex.ReplaceAllString(item.text("error"), ""))}
			default:
				f.fail("an item's status is neither ok nor error")
			}
		}
	})
	if err != nil {
		for i := range results {
			results[i] = setupResult{err: err}
		}
	}
	return results
}
