package traceloop

import (
	"context"
	"errors"
	"fmt"
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
// It belongs to the project and environment of the key that created it. An answer may leave out
// what is described as optional.
type AutoMonitorSetup struct {
	ID           string
	ExternalID   string // the caller's name for it, unique in the project
	OrgID        string // optional
	ProjectID    string
	EnvProjectID string // id of the project and environment together
	Selector     []Rule
	Evaluators   []AutoMonitorEvaluator // may be empty while the setup is pending
	Status       string                 // optional
	CreatedAt    time.Time              // optional
	UpdatedAt    time.Time              // optional

	partial bool // from a list: only the ids could be read
}

// AutoMonitorEvaluator is the state of one evaluator of a setup.
type AutoMonitorEvaluator struct {
	Slug         string // or TypeOwnEvaluator
	ID           string // optional
	Status       string // optional
	ErrorMessage string // optional
}

// TypeOwnEvaluator is what the OpenAPI document has in the place of the slug of an organization's
// own evaluator.
const TypeOwnEvaluator = "LLM_AS_A_JUDGE"

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

	// ProjectID, unless empty, is the project that the key must belong to. It is not sent: the key
	// decides.
	ProjectID string
}

// externalIDs are those that fit into a path. The service decodes a path before it looks for the
// operation, so that a slash always separates.
var externalIDs = regexp.MustCompile(`^[^\p{Cc}/]{1,255}$`)

// ValidateExternalID refuses an external id that no operation could name. The error completes a
// sentence about the id.
func ValidateExternalID(s string) error {
	switch {
	case !externalIDs.MatchString(s):
		return errors.New("must have 1 to 255 characters, without slashes and control characters")
	case s == "." || s == ".." || s == "bulk":
		return errors.New("must not be \".\", \"..\" or \"bulk\", which mean something else in a path")
	default:
		return nil
	}
}

// setupBody omits nil fields. Without rules, an update sends an empty list and a creation sends
// nothing.
type setupBody struct {
	ExternalID string   `json:"external_id,omitempty"`
	Evaluators []string `json:"evaluators"`
	Selector   any      `json:"selector,omitempty"`
}

func (w *setupWrite) body() setupBody {
	body := setupBody{ExternalID: w.request.ExternalID, Evaluators: w.request.Evaluators}
	switch {
	case len(w.request.Selector) > 0:
		body.Selector = w.request.Selector
	case w.update:
		body.Selector = []Rule{}
	}
	return body
}

// readSetupKey reads what setups are compared by.
func readSetupKey(f *fields) AutoMonitorSetup {
	return AutoMonitorSetup{
		ID:           f.text("id"),
		ExternalID:   f.text("external_id"),
		ProjectID:    f.text("project_id"),
		EnvProjectID: f.text("env_project_id"),
	}
}

func readAutoMonitorSetup(f *fields) AutoMonitorSetup {
	setup := readSetupKey(f)
	setup.OrgID = f.optionalText("org_id")
	setup.Status = f.optionalText("status")
	setup.CreatedAt = optionalTime(f, "created_at")
	setup.UpdatedAt = optionalTime(f, "updated_at")
	for _, rule := range f.optionalObjects("init_rules") {
		setup.Selector = append(setup.Selector, readRule(rule))
	}
	for _, e := range f.optionalObjects("evaluators") {
		setup.Evaluators = append(setup.Evaluators, AutoMonitorEvaluator{
			Slug:         evaluatorSlug(e.text("evaluator_type")),
			ID:           e.optionalText("evaluator_id"),
			Status:       e.optionalText("status"),
			ErrorMessage: e.clean(e.optionalText("error_message")),
		})
	}
	return setup
}

func optionalTime(f *fields, name string) time.Time {
	if !f.has(name) {
		return time.Time{}
	}
	return f.time(name)
}

// readRule accepts both published names of the operator: "operator" on the pages, "op" in the
// OpenAPI document.
func readRule(f *fields) Rule {
	rule := Rule{Key: f.text("key"), Source: f.optionalText("source"), Values: f.optionalTexts("values")}
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
	if s == TypeOwnEvaluator || !evaluatorType.MatchString(s) {
		return s
	}
	return strings.ToLower(strings.ReplaceAll(s, "_", "-"))
}

// ListAutoMonitorSetups returns the setups with a status, or all if it is empty. According to the
// OpenAPI document, these are the setups of the whole organization. Setups without an id, an
// external id, a project and an environment are left out.
func (c *ProjectClient) ListAutoMonitorSetups(ctx context.Context, status string) ([]AutoMonitorSetup, error) {
	if status == "" {
		return c.setups.reads.all(ctx)
	}
	return c.setups.fetch(ctx, url.Values{"status": {status}})
}

// GetAutoMonitorSetup reads a setup of the key's project and environment. If there is none, the
// error satisfies IsNotFound. With an envProjectID, a setup that exists in another project or
// environment is an *OtherEnvironmentError.
func (c *ProjectClient) GetAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) (*AutoMonitorSetup, error) {
	return c.setups.get(ctx, externalID, envProjectID)
}

// FindAutoMonitorSetup returns the setup that has an external id in the key's project, in any of
// its environments, or nil. projectID helps while no answer has shown the key's project; it may be
// empty. One list serves all calls for a while.
func (c *ProjectClient) FindAutoMonitorSetup(ctx context.Context, externalID, projectID string) (*AutoMonitorSetup, error) {
	return c.setups.find(ctx, externalID, projectID)
}

// ForgetAutoMonitorSetups clears the cache.
func (c *ProjectClient) ForgetAutoMonitorSetups() { c.setups.reads.forget() }

// OwnProjectID returns the id of the key's project. It is empty until an answer about a setup has
// shown it.
func (c *ProjectClient) OwnProjectID() string { return c.setups.ownProject() }

// CreateAutoMonitorSetup creates a setup. If its project has one with the external id, the error is
// an *AlreadyThereError; if the key belongs to another project than the request says, it is an
// *OtherProjectError. After an *UnknownOutcomeError the setup may exist.
//
// Writes at about the same time are sent as one bulk upsert, which replaces a setup with the same
// external id. So a creation is only part of one if the list has just shown that there is none.
func (c *ProjectClient) CreateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest) (*AutoMonitorSetup, error) {
	if err := ValidateExternalID(r.ExternalID); err != nil {
		return nil, fmt.Errorf("the external id %q %w", r.ExternalID, err)
	}
	if own := c.setups.ownProject(); r.ProjectID != "" && own != "" && own != r.ProjectID {
		return nil, &OtherProjectError{ExternalID: r.ExternalID, ProjectID: r.ProjectID, Own: own}
	}
	there, err := c.setups.find(ctx, r.ExternalID, r.ProjectID)
	if there != nil {
		return nil, &AlreadyThereError{Setup: *there}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	written, err := c.write(ctx, &setupWrite{request: r, alone: err != nil})
	if err != nil {
		return nil, err
	}
	setup := written.setup
	switch {
	case written.existed || c.setups.isElsewhere(*setup):
		return nil, &AlreadyThereError{Setup: *setup, Replaced: true}
	case r.ProjectID != "" && setup.ProjectID != r.ProjectID:
		wrong := &OtherProjectError{ExternalID: r.ExternalID, ProjectID: r.ProjectID, Own: setup.ProjectID}
		if written.created {
			wrong.Left = c.remove(context.WithoutCancel(ctx), r.ExternalID)
		} else {
			wrong.Left = errors.New("it is not known whether it is new")
		}
		return nil, wrong
	}
	c.setups.learnOwn(setup.EnvProjectID)
	return setup, nil
}

// UpdateAutoMonitorSetup replaces the evaluators and the selector of a setup in the project and
// environment with the id envProjectID, and restarts it. Its answer has the setup as it is now:
// its id may be another one, and created says that the setup was gone and this is a new one.
// After an *UnknownOutcomeError the setup may be replaced.
//
// Writes at about the same time are sent as one bulk upsert, which creates a missing setup. An
// update that is sent alone does not: then the error satisfies IsNotFound.
func (c *ProjectClient) UpdateAutoMonitorSetup(ctx context.Context, r AutoMonitorSetupRequest, envProjectID string) (setup *AutoMonitorSetup, created bool, err error) {
	if err := c.requireReached(ctx, r.ExternalID, envProjectID); err != nil {
		return nil, false, err
	}
	written, err := c.write(ctx, &setupWrite{request: r, update: true})
	switch {
	case IsNotFound(err):
		return nil, false, c.setups.confirmNotFound(ctx, r.ExternalID, envProjectID, err)
	case err != nil:
		return nil, false, err
	case written.setup.EnvProjectID != envProjectID:
		return nil, false, &OtherEnvironmentError{ExternalID: r.ExternalID, EnvProjectID: envProjectID, Own: written.setup.EnvProjectID}
	}
	return written.setup, written.created, nil
}

// DeleteAutoMonitorSetup deletes a setup in the project and environment with the id envProjectID.
func (c *ProjectClient) DeleteAutoMonitorSetup(ctx context.Context, externalID, envProjectID string) error {
	if err := c.requireReached(ctx, externalID, envProjectID); err != nil {
		return err
	}
	err := c.remove(ctx, externalID)
	if IsNotFound(err) {
		return c.setups.confirmNotFound(ctx, externalID, envProjectID, err)
	}
	return err
}

func (c *ProjectClient) remove(ctx context.Context, externalID string) error {
	c.setups.reads.forget()
	defer c.setups.reads.forget()
	err := remove(ctx, c.client, c.client.paths.AutoMonitorSetups, externalID)
	if err == nil || IsNotFound(err) {
		c.setups.wrote(externalID, nil)
	}
	return err
}

// requireReached refuses to change a setup with the key of another project or environment, because
// that would change another setup with the same external id.
func (c *ProjectClient) requireReached(ctx context.Context, externalID, envProjectID string) error {
	if c.setups.reaches(envProjectID) {
		return nil
	}
	_, err := c.setups.get(ctx, externalID, envProjectID)
	return err
}

// CreatedSince is like Client.CreatedSince.
func (c *ProjectClient) CreatedSince(created, ours time.Time) bool {
	return c.client.CreatedSince(created, ours)
}

// AlreadyThereError says that a project had a setup with the external id of a new one, perhaps in
// another environment. It is not the new one, and must not be treated as such.
type AlreadyThereError struct {
	Setup    AutoMonitorSetup
	Replaced bool // the service replaced its evaluators and selector by the new ones: it came into being at the same time
}

func (e *AlreadyThereError) Error() string {
	done := "nothing was changed"
	if e.Replaced {
		done = "the request replaced its evaluators and its selector"
	}
	return fmt.Sprintf("the project %s has an auto monitor setup %q already (id %s, env_project_id %s), which this request did not create; %s",
		e.Setup.ProjectID, e.Setup.ExternalID, e.Setup.ID, e.Setup.EnvProjectID, done)
}

// OtherProjectError says that the key of a creation belongs to another project than it should.
type OtherProjectError struct {
	ExternalID string
	ProjectID  string // where the setup should be
	Own        string // the key's project
	Left       error  // why the setup, which was created there, could not be deleted; nil if nothing is left
}

func (e *OtherProjectError) Error() string {
	left := ""
	if e.Left != nil {
		left = fmt.Sprintf("; the setup was created there, and could not be deleted again: %v", e.Left)
	}
	return fmt.Sprintf("the setup %q should be in the project %s, but the key belongs to the project %s%s", e.ExternalID, e.ProjectID, e.Own, left)
}

func (e *OtherProjectError) Unwrap() error { return e.Left }

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
