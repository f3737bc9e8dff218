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

// AutoMonitorSetup creates monitors: it runs evaluators on the spans that match its selector.
// It belongs to the project and environment of the key that created it.
type AutoMonitorSetup struct {
	ID           string
	ExternalID   string // the caller's name for it, unique in the project
	ProjectID    string
	EnvProjectID string // id of the project and environment together
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

// Rule selects spans by one attribute. The operator decides whether it needs Value or Values.
type Rule struct {
	Key      string   `json:"key"`
	Value    *string  `json:"value,omitempty"`
	Values   []string `json:"values,omitempty"`
	Source   string   `json:"source"`
	Operator string   `json:"operator,omitempty"` // equals, if it is empty
}

// AutoMonitorSetupRequest contains what can be set in a setup.
type AutoMonitorSetupRequest struct {
	ExternalID string
	Evaluators []string // slugs
	Selector   []Rule   // none: every span
}

// setupBody omits nil fields. Without rules, an update sends an empty list and a creation sends
// nothing.
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
			ErrorMessage: sanitize(e.optionalText("error_message")),
		})
	}
	return setup
}

// readRule accepts both published names of the operator: "operator" on the pages, "op" in the
// OpenAPI document.
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

// evaluatorSlug makes a slug from an evaluator type of the OpenAPI document, such as
// PII_DETECTOR. The pages use slugs.
func evaluatorSlug(s string) string {
	if !evaluatorType.MatchString(s) {
		return s
	}
	return strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}

// ListAutoMonitorSetups returns the setups with a status, or all if it is empty. According to the
// OpenAPI document, these are the setups of the whole organization.
func (c *ProjectClient) ListAutoMonitorSetups(ctx context.Context, status string) ([]AutoMonitorSetup, error) {
	if status == "" {
		return c.setups.all(ctx)
	}
	return c.setups.fetch(ctx, url.Values{"status": {status}})
}

// GetAutoMonitorSetup reads a setup of the key's project and environment. If there is none, the
// error satisfies IsNotFound. With an envProjectID, a setup that exists in another project or
// environment is an *OtherEnvironmentError.
func (c *ProjectClient) GetAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	return c.setups.get(ctx, externalID, envProjectID)
}

// ForgetAutoMonitorSetups clears the cache.
func (c *ProjectClient) ForgetAutoMonitorSetups() { c.setups.forget() }

// ExpectAutoMonitorSetup announces a create or update, so that other writes wait to be sent with it.
func (c *ProjectClient) ExpectAutoMonitorSetup(externalID string) { c.writes.expect(externalID) }

// CreateAutoMonitorSetup creates a setup. Writes at about the same time are sent as one bulk
// upsert, which replaces a setup with the same external id: check first that there is none. After
// an *UnknownOutcomeError the setup may exist.
func (c *ProjectClient) CreateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	return c.writes.add(ctx, r, false)
}

// UpdateAutoMonitorSetup replaces the evaluators and the selector of a setup in the project and
// environment with the id envProjectID, and restarts it. Writes at about the same time are sent as
// one bulk upsert, which creates a missing setup. After an *UnknownOutcomeError the setup may be
// replaced.
func (c *ProjectClient) UpdateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest, envProjectID string) (*AutoMonitorSetup, error) {
	if err := c.requirePlace(ctx, r.ExternalID, envProjectID); err != nil {
		return nil, err
	}
	return c.writes.add(ctx, r, true)
}

// DeleteAutoMonitorSetup deletes a setup in the project and environment with the id envProjectID.
func (c *ProjectClient) DeleteAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) error {
	if err := c.requirePlace(ctx, externalID, envProjectID); err != nil {
		return err
	}
	c.setups.forget()
	defer c.setups.forget()
	err := remove(ctx, c.client, c.client.paths.AutoMonitorSetups, externalID)
	if IsNotFound(err) {
		return c.setups.confirmNotFound(ctx, externalID, envProjectID, err)
	}
	return err
}

// requirePlace refuses to change a setup with the key of another project or environment, because
// that would change another setup with the same external id.
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

// OwnEnvProjectID returns the id of the key's project and environment. It is empty until an answer
// about a setup has shown it.
func (c *ProjectClient) OwnEnvProjectID() string { return c.setups.ownEnvProject() }

// CreatedSince is like Client.CreatedSince.
func (c *ProjectClient) CreatedSince(created, ours time.Time) bool {
	return c.client.CreatedSince(created, ours)
}

// requireExternalID rejects an answer about another setup than the one requested.
func requireExternalID(externalID string) func(*fields) AutoMonitorSetup {
	return func(f *fields) AutoMonitorSetup {
		setup := readAutoMonitorSetup(f)
		if setup.ExternalID != externalID {
			f.fail("it describes another object")
		}
		return setup
	}
}

func (c *ProjectClient) createOne(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	return object(ctx, c.client, request{method: http.MethodPost, path: c.client.paths.AutoMonitorSetups, body: r.body(false)}, requireExternalID(r.ExternalID))
}

func (c *ProjectClient) updateOne(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	path, err := elementPath(c.client.paths.AutoMonitorSetups, r.ExternalID)
	if err != nil {
		return nil, err
	}
	body := r.body(true)
	body.ExternalID = "" // it is in the path
	return object(ctx, c.client, request{method: http.MethodPut, path: path, body: body}, requireExternalID(r.ExternalID))
}

// ItemError is the service's refusal of one item of a bulk upsert. It does not affect the others.
type ItemError struct {
	Path       string
	ExternalID string
	Message    string // from the service, without the item's index
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("POST %s: the item %q: %s", e.Path, e.ExternalID, e.Message)
}

// itemIndex is the service's prefix of a message. Readers do not know the index of a resource in
// the request.
var itemIndex = regexp.MustCompile(`^setups\[\d+\]:\s*`)

// upsertMany sends one bulk upsert. It is safe to repeat: a second one has no further effect.
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
				setup := requireExternalID(externalID)(item.object("result"))
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
