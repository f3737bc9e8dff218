package emulator

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// Setup is an auto monitor setup as the API shows it.
type Setup struct {
	ID           string           `json:"id"`
	ExternalID   string           `json:"external_id"`
	OrgID        string           `json:"org_id"`
	ProjectID    string           `json:"project_id"`
	EnvProjectID string           `json:"env_project_id"`
	InitRules    []Rule           `json:"init_rules"`
	Evaluators   []SetupEvaluator `json:"evaluators"`
	Status       string           `json:"status"`
	CreatedAt    string           `json:"created_at"`
	UpdatedAt    string           `json:"updated_at"`
}

// Rule is a rule of a setup's selector.
type Rule struct {
	Key      string   `json:"key"              yaml:"key"`
	Value    *string  `json:"value,omitempty"  yaml:"value,omitempty"`
	Values   []string `json:"values,omitempty" yaml:"values,omitempty"`
	Source   string   `json:"source"           yaml:"source"`
	Operator string   `json:"operator"         yaml:"operator"`
}

// SetupEvaluator is an evaluator of a setup and its status.
type SetupEvaluator struct {
	Type         string `json:"evaluator_type"`
	Status       string `json:"status"`
	ErrorMessage string `json:"error_message,omitempty"`
}

// storedSetup is a setup with what decides its status, and its environment.
type storedSetup struct {
	Setup
	begunAt                          string
	matched                          int
	environmentName, environmentSlug string
}

var setups = kind[*storedSetup]{
	table: "setups", joins: "JOIN env_projects p ON p.id = t.env_project_id JOIN environments e ON e.id = p.environment_id",
	columns: `t.id, t.external_id, (SELECT id FROM organizations ORDER BY seq LIMIT 1), t.project_id, t.env_project_id,
		t.evaluators, t.rules, t.created_at, t.updated_at, t.begun_at, t.matched, e.name, e.slug`,
	scan: func(scan row) (*storedSetup, error) {
		s := &storedSetup{}
		var evaluators, rules []byte
		err := scan(&s.ID, &s.ExternalID, &s.OrgID, &s.ProjectID, &s.EnvProjectID, &evaluators, &rules, &s.CreatedAt, &s.UpdatedAt,
			&s.begunAt, &s.matched, &s.environmentName, &s.environmentSlug)
		if err != nil {
			return nil, err
		}
		var slugs []string
		err = errors.Join(json.Unmarshal(evaluators, &slugs), json.Unmarshal(rules, &s.InitRules))
		for _, slug := range slugs {
			s.Evaluators = append(s.Evaluators, SetupEvaluator{Type: slug})
		}
		return s, err
	},
	absent: "There is no auto monitor setup with the external_id %q.",
}

// externalIDOf selects the setup of the project of an env project. An external id names a setup of the
// whole project, whichever of its keys asks.
const externalIDOf = "project_id = (SELECT project_id FROM env_projects WHERE id = ?) AND external_id = ?"

// shown returns the setups with their statuses.
func (e *Emulator) shown(stored []*storedSetup) []Setup {
	now, failing := e.setupTime(), e.settings.snapshot().FailingEvaluators
	shown := make([]Setup, len(stored))
	for i, s := range stored {
		s.progress(now, failing)
		shown[i] = s.Setup
	}
	return shown
}

// listSetups lists the setups of the whole organization, as the OpenAPI document says.
func (c *call) listSetups() (any, error) {
	externalID, status := c.URL.Query().Get("external_id"), c.URL.Query().Get("status")
	stored, err := setups.read(c.tx, "?1 IN ('', t.external_id)", externalID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(c.e.shown(stored), func(s Setup) bool { return status != "" && s.Status != status }), nil
}

func (c *call) getSetup() (any, error) { return c.setup(c.PathValue("external_id")) }

func (c *call) setup(externalID string) (Setup, error) {
	stored, err := setups.read(c.tx, "t."+externalIDOf, c.envProject, externalID)
	return only(c.e.shown(stored), err, setups.none(externalID))
}

func (c *call) createSetup() (any, error) {
	var in setupInput
	if err := c.read(in.fields(true)); err != nil {
		return nil, err
	}
	if err := in.check(true); err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	return c.once("createSetup", false, func() (any, error) { return c.insertSetup(in) })
}

func (c *call) updateSetup() (any, error) {
	in := setupInput{externalID: c.PathValue("external_id")}
	if err := c.read(in.fields(false)); err != nil {
		return nil, err
	}
	if err := in.check(false); err != nil {
		return nil, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	return c.replaceSetup(in)
}

func (c *call) deleteSetup() (any, error) {
	externalID := c.PathValue("external_id")
	return c.delete(setups.none(externalID), "DELETE FROM setups WHERE "+externalIDOf, c.envProject, externalID)
}

// bulkItem is the result for one item of a bulk upsert.
type bulkItem struct {
	ExternalID string `json:"external_id"`
	Status     string `json:"status"`
	Result     *Setup `json:"result,omitempty"`
	Error      string `json:"error,omitempty"`
}

// bulkUpsertSetups refuses the whole request, before it writes anything, for the errors that the
// pages list. Any other refusal affects only its item, of which nothing is written then.
func (c *call) bulkUpsertSetups() (any, error) {
	var list []json.RawMessage
	if err := c.read(fields{"setups": &list}); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > contract.MaxBulk {
		return nil, refuse(http.StatusBadRequest, "setups must contain between 1 and %d items, not %d", contract.MaxBulk, len(list))
	}
	inputs, problems, first := make([]setupInput, len(list)), make([]error, len(list)), map[string]int{}
	for i, data := range list {
		problems[i] = decodeObject(data, inputs[i].fields(true))
		id := inputs[i].externalID
		if id == "" {
			return nil, refuse(http.StatusBadRequest, "setups[%d]: external_id is required", i)
		}
		if j, twice := first[id]; twice {
			return nil, refuse(http.StatusBadRequest, "setups[%d]: duplicate external_id %q (also at setups[%d])", i, id, j)
		}
		first[id] = i
	}
	items := make([]bulkItem, len(list))
	for i, in := range inputs {
		setup, err := c.upsertSetup(in, problems[i])
		if _, refused := errors.AsType[*apiError](err); err != nil && !refused {
			return nil, err
		}
		items[i] = bulkItem{ExternalID: in.externalID, Status: "ok", Result: &setup}
		if err != nil {
			items[i] = bulkItem{ExternalID: in.externalID, Status: "error", Error: fmt.Sprintf("setups[%d]: %v", i, err)}
		}
	}
	return map[string]any{"setups": items}, nil
}

func (c *call) upsertSetup(in setupInput, problem error) (Setup, error) {
	if problem == nil {
		problem = in.check(true)
	}
	if problem != nil {
		return Setup{}, refuse(http.StatusBadRequest, "%v", problem)
	}
	in.hasSelector = true // an item without a selector removes the old one
	if _, err := c.setup(in.externalID); err != nil {
		return c.insertSetup(in)
	}
	return c.replaceSetup(in)
}

func (c *call) insertSetup(in setupInput) (Setup, error) {
	if err := insertSetup(c.tx, "", c.envProject, in, c.e.setupTime().Format(time.RFC3339Nano), c.now); err != nil {
		return Setup{}, err
	}
	return c.setup(in.externalID)
}

// insertSetup makes the id if it is empty.
func insertSetup(tx *sql.Tx, id, envProject string, in setupInput, begun, now string) error {
	evaluators, rules, err := in.documents(tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO setups (id, env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at)
		SELECT `+newOr+", id, project_id, ?, ?, coalesce(?, '[]'), ?, ?, ? FROM env_projects WHERE id = ?",
		id, in.externalID, evaluators, rules, begun, now, now, envProject)
	if violates(err, "setups.external_id") {
		return refuse(http.StatusConflict, "The project already has an auto monitor setup with the external_id %q.", in.externalID)
	}
	return idTaken(err, "setups.id", id)
}

// replaceSetup replaces the given parts and restarts the setup, which stays in its environment.
func (c *call) replaceSetup(in setupInput) (Setup, error) {
	evaluators, rules, err := in.documents(c.tx)
	if err != nil {
		return Setup{}, err
	}
	_, err = c.tx.Exec(`UPDATE setups SET evaluators = coalesce(?, evaluators), rules = coalesce(?, rules), begun_at = ?, matched = 0, updated_at = ?
		WHERE `+externalIDOf, evaluators, rules, c.e.setupTime().Format(time.RFC3339Nano), c.now, c.envProject, in.externalID)
	if err != nil {
		return Setup{}, err
	}
	return c.setup(in.externalID)
}

// check returns what is wrong with the rule.
func (r Rule) check() error {
	operator, known := contract.FindOperator(r.Operator)
	switch {
	case r.Key == "":
		return errors.New("key is required")
	case r.Source != contract.SourceSpan && r.Source != contract.SourceResource:
		return fmt.Errorf("source must be %s or %s", contract.SourceSpan, contract.SourceResource)
	case !known:
		return errors.New("operator is unknown")
	case r.Value == nil && operator.Operand == contract.OneValue, len(r.Values) == 0 && operator.Operand == contract.ManyValues:
		return fmt.Errorf("%s is required for this operator", operator.Operand)
	case r.Value != nil && operator.Operand != contract.OneValue:
		return fmt.Errorf("%s is not allowed for this operator", contract.OneValue)
	case r.Values != nil && operator.Operand != contract.ManyValues:
		return fmt.Errorf("%s is not allowed for this operator", contract.ManyValues)
	}
	return nil
}

// setupInput is a setup in a request. evaluators is nil if the request does not contain them.
type setupInput struct {
	externalID  string
	evaluators  []string
	raw         json.RawMessage // the selector
	selector    []Rule
	hasSelector bool
}

// fields returns the targets for decodeObject. An update has the external id in its path.
func (in *setupInput) fields(externalID bool) fields {
	f := fields{"evaluators": &in.evaluators, "selector": &in.raw}
	if externalID {
		f["external_id"] = &in.externalID
	}
	return f
}

func (in *setupInput) check(creates bool) error {
	switch {
	case in.externalID == "":
		return errors.New("external_id is required")
	case creates && (in.externalID == "." || in.externalID == ".." || strings.Contains(in.externalID, "/")):
		return errors.New(`external_id must not contain "/", nor be "." or "..", because it is an element of a path`)
	case creates && len(in.evaluators) == 0, in.evaluators != nil && len(in.evaluators) == 0:
		return errors.New("evaluators must contain at least one item")
	}
	for i, slug := range in.evaluators {
		switch {
		case slug == "":
			return errors.New("an evaluator slug is empty")
		case slices.Contains(in.evaluators[:i], slug):
			return fmt.Errorf("evaluator slug %q occurs twice", slug)
		}
	}
	if in.raw != nil {
		var err error
		if in.selector, err = decodeSelector(in.raw); err != nil {
			return err
		}
		in.hasSelector = true
	}
	for i, rule := range in.selector {
		if err := rule.check(); err != nil {
			return fmt.Errorf("selector[%d]: %w", i, err)
		}
	}
	return nil
}

// documents returns what the database has in JSON, and nothing for what the request does not have. It
// refuses unknown evaluators.
func (in *setupInput) documents(tx *sql.Tx) (slugs, rules *string, err error) {
	for _, slug := range in.evaluators {
		if err := checkEvaluator(tx, slug); err != nil {
			return nil, nil, err
		}
	}
	if in.evaluators != nil {
		slugs = new(inJSON(in.evaluators))
	}
	if in.hasSelector {
		rules = new(inJSON(append([]Rule{}, in.selector...)))
	}
	return slugs, rules, nil
}

// decodeSelector reads a list of rules, as on the pages, or a map of span attributes, as in the
// OpenAPI document.
func decodeSelector(raw json.RawMessage) ([]Rule, error) {
	var attributes map[string]any
	if json.Unmarshal(raw, &attributes) == nil {
		var rules []Rule
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			value, err := attributeValue(attributes[key])
			if err != nil {
				return nil, fmt.Errorf("selector: %q %w", key, err)
			}
			rules = append(rules, Rule{Key: key, Value: &value, Source: contract.SourceSpan, Operator: contract.Equals})
		}
		return rules, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("selector must be a list of rules or a map of attributes")
	}
	rules := make([]Rule, len(list))
	for i, data := range list {
		rules[i].Operator = contract.Equals
		if err := decodeObject(data, fieldsOf(&rules[i])); err != nil {
			return nil, fmt.Errorf("selector[%d]: %w", i, err)
		}
	}
	return rules, nil
}

func attributeValue(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case bool:
		return strconv.FormatBool(value), nil
	case float64:
		return inJSON(value), nil
	}
	return "", errors.New("must be a string, a number, or true or false")
}
