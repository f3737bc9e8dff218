package traceloop

import (
	"cmp"
	"errors"
	"fmt"
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
	EnvProjectID string                 // id of the project and environment together
	Selector     []Rule                 // optional: nil if the answer does not show it
	Evaluators   []AutoMonitorEvaluator // optional, as Selector is; may be empty while the setup is pending
	Status       string                 // optional
	CreatedAt    time.Time              // optional
	UpdatedAt    time.Time              // optional

	partial bool // from a list: only the ids could be read
}

// AutoMonitorEvaluator is the state of one evaluator of a setup.
type AutoMonitorEvaluator struct {
	Slug         string // or TypeOwnEvaluator, also if the answer has no type
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

// readSetupKey reads what setups are compared by.
func readSetupKey(f *fields) AutoMonitorSetup {
	return AutoMonitorSetup{
		ID:           f.text("id"),
		ExternalID:   f.text("external_id"),
		ProjectID:    f.text("project_id"),
		EnvProjectID: f.text("env_project_id"),
	}
}

// readListedSetup reads one of a list. One odd setup, perhaps of another project, does not stop it: a
// setup is left out that cannot be compared with others, and partial if the rest cannot be read.
func readListedSetup(f *fields) AutoMonitorSetup {
	o := f.lenient()
	setup := readSetupKey(o)
	if *o.problem != "" {
		f.gone = *o.problem
		return setup
	}
	if whole := readAutoMonitorSetup(o); *o.problem == "" {
		return whole
	}
	setup.partial = true
	return setup
}

func readAutoMonitorSetup(f *fields) AutoMonitorSetup {
	setup := readSetupKey(f)
	setup.OrgID = f.optionalText("org_id")
	setup.Status = f.optionalText("status")
	setup.CreatedAt = f.optionalTime("created_at")
	setup.UpdatedAt = f.optionalTime("updated_at")
	if f.has("init_rules") {
		setup.Selector = []Rule{}
	}
	for _, rule := range f.optionalObjects("init_rules") {
		setup.Selector = append(setup.Selector, readRule(rule))
	}
	if f.has("evaluators") {
		setup.Evaluators = []AutoMonitorEvaluator{}
	}
	for _, e := range f.optionalObjects("evaluators") {
		setup.Evaluators = append(setup.Evaluators, AutoMonitorEvaluator{
			Slug:         evaluatorSlug(cmp.Or(e.optionalText("evaluator_type"), TypeOwnEvaluator)), // no field of an answer is required,
			ID:           e.optionalText("evaluator_id"),
			Status:       e.optionalText("status"),
			ErrorMessage: e.clean(e.optionalText("error_message")),
		})
	}
	return setup
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

// AlreadyThereError says that a project had a setup with the external id of a new one, perhaps in
// another environment. It is not the new one, and must not be treated as such.
type AlreadyThereError struct {
	Setup    AutoMonitorSetup
	Replaced bool // the service replaced its evaluators and selector by the new ones: it came into being at the same time
}

func (e *AlreadyThereError) Error() string {
	return fmt.Sprintf("the project %s already has the auto monitor setup %q (id %s)", e.Setup.ProjectID, e.Setup.ExternalID, e.Setup.ID)
}

// OtherProjectError says that the key of a creation belongs to another project than it should.
type OtherProjectError struct {
	ExternalID string
	ProjectID  string // where the setup should be
	Own        string // the key's project
	Left       error  // why the setup, which was created there, could not be deleted; nil if nothing is left
}

func (e *OtherProjectError) Error() string {
	return fmt.Sprintf("the setup %q should be in the project %s, but the key belongs to the project %s", e.ExternalID, e.ProjectID, e.Own)
}

// OtherEnvironmentError says that a setup is in another project or environment than the key.
type OtherEnvironmentError struct {
	ExternalID   string
	EnvProjectID string // of the setup
	Own          string // what the key reaches under this external id; may be empty
}

func (e *OtherEnvironmentError) Error() string {
	own := ""
	if e.Own != "" {
		own = ", and the key's is " + e.Own
	}
	return fmt.Sprintf("the setup %q and the key belong to different projects or environments: the setup's env_project_id is %s%s", e.ExternalID, e.EnvProjectID, own)
}
