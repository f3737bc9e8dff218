package emulator

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
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

// ofProject selects what is in the project of the env project. An external id names a setup of the
// whole project, whichever of its keys asks.
const ofProject = "project_id = (SELECT project_id FROM env_projects WHERE id = ?)"

// readSetups reads the setups that match, oldest first.
func readSetups(tx *sql.Tx, where string, args ...any) ([]*storedSetup, error) {
	return readAll(tx, scanSetup, `
		SELECT t.id, t.external_id, (SELECT id FROM organizations ORDER BY seq LIMIT 1), t.project_id, t.env_project_id,
			t.evaluators, t.rules, t.created_at, t.updated_at, t.begun_at, t.matched, e.name, e.slug
		FROM setups t JOIN env_projects p ON p.id = t.env_project_id JOIN environments e ON e.id = p.environment_id
		WHERE `+where+" ORDER BY t.seq", args...)
}

func scanSetup(scan row) (*storedSetup, error) {
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
}

// shown returns the setups with their statuses.
func (e *Emulator) shown(stored []*storedSetup) []Setup {
	progress := e.settings.snapshot().progress(e.now())
	setups := make([]Setup, len(stored))
	for i, s := range stored {
		progress.apply(s)
		setups[i] = s.Setup
	}
	return setups
}

// listSetups lists the setups of the whole organization, as the OpenAPI document says.
func (e *Emulator) listSetups(r *http.Request, _ string) (answer, error) {
	query := r.URL.Query()
	return e.transact(func(tx *sql.Tx) (any, error) {
		where, args := "true", []any{}
		if externalID := query.Get("external_id"); externalID != "" {
			where, args = "t.external_id = ?", []any{externalID}
		}
		stored, err := readSetups(tx, where, args...)
		if err != nil {
			return nil, err
		}
		setups := e.shown(stored)
		if status := query.Get("status"); status != "" {
			setups = slices.DeleteFunc(setups, func(s Setup) bool { return s.Status != status })
		}
		return setups, nil
	})
}

func (e *Emulator) getSetup(r *http.Request, envProject string) (answer, error) {
	return e.transact(func(tx *sql.Tx) (any, error) { return e.setupByExternalID(tx, envProject, r.PathValue("external_id")) })
}

func (e *Emulator) setupByExternalID(tx *sql.Tx, envProject, externalID string) (Setup, error) {
	stored, err := readSetups(tx, "t."+ofProject+" AND t.external_id = ?", envProject, externalID)
	if err != nil {
		return Setup{}, err
	}
	if len(stored) == 0 {
		return Setup{}, noSuchSetup(externalID)
	}
	return e.shown(stored)[0], nil
}

func (e *Emulator) createSetup(r *http.Request, envProject string) (answer, error) {
	var in setupInput
	body, err := readBody(r, in.fields(true))
	if err != nil {
		return answer{}, err
	}
	if err := in.check(true); err != nil {
		return answer{}, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	return e.create(r, creation{operation: "createSetup", body: body, do: func(tx *sql.Tx) (any, error) {
		if err := insertSetup(tx, "", envProject, in, e.begun(), e.timestamp()); err != nil {
			return nil, err
		}
		return e.setupByExternalID(tx, envProject, in.externalID)
	}})
}

func (e *Emulator) updateSetup(r *http.Request, envProject string) (answer, error) {
	in := setupInput{externalID: r.PathValue("external_id")}
	if _, err := readBody(r, in.fields(false)); err != nil {
		return answer{}, err
	}
	if err := in.check(false); err != nil {
		return answer{}, refuse(http.StatusBadRequest, "invalid input: %v", err)
	}
	return e.transact(func(tx *sql.Tx) (any, error) {
		found, err := e.replaceSetup(tx, envProject, in)
		if err == nil && !found {
			err = noSuchSetup(in.externalID)
		}
		if err != nil {
			return nil, err
		}
		return e.setupByExternalID(tx, envProject, in.externalID)
	})
}

func (e *Emulator) deleteSetup(r *http.Request, envProject string) (answer, error) {
	externalID := r.PathValue("external_id")
	return e.delete(func(tx *sql.Tx) (sql.Result, error) {
		return tx.Exec("DELETE FROM setups WHERE "+ofProject+" AND external_id = ?", envProject, externalID)
	}, noSuchSetup(externalID))
}

// bulkItem is the result for one item of a bulk upsert.
type bulkItem struct {
	ExternalID string `json:"external_id"`
	Status     string `json:"status"`
	Result     *Setup `json:"result,omitempty"`
	Error      string `json:"error,omitempty"`
}

// bulkUpsertSetups refuses the whole request, before it writes anything, for the errors that the
// pages list. Any other error affects only its item.
func (e *Emulator) bulkUpsertSetups(r *http.Request, envProject string) (answer, error) {
	var list []json.RawMessage
	if _, err := readBody(r, fields{"setups": &list}); err != nil {
		return answer{}, err
	}
	if len(list) == 0 || len(list) > contract.MaxBulk {
		return answer{}, refuse(http.StatusBadRequest, "setups must contain between 1 and %d items, not %d", contract.MaxBulk, len(list))
	}
	inputs, problems, first := make([]setupInput, len(list)), make([]error, len(list)), map[string]int{}
	for i, data := range list {
		problems[i] = decodeObject(data, inputs[i].fields(true))
		id := inputs[i].externalID
		if id == "" {
			return answer{}, refuse(http.StatusBadRequest, "setups[%d]: external_id is required", i)
		}
		if j, twice := first[id]; twice {
			return answer{}, refuse(http.StatusBadRequest, "setups[%d]: duplicate external_id %q (also at setups[%d])", i, id, j)
		}
		first[id] = i
	}
	items := make([]bulkItem, len(list))
	for i, in := range inputs {
		items[i] = bulkItem{ExternalID: in.externalID, Status: "ok"}
		setup, err := e.upsertSetup(envProject, in, problems[i])
		if err == nil {
			items[i].Result = &setup
			continue
		}
		items[i].Status = "error"
		if _, ok := errors.AsType[*apiError](err); !ok {
			e.logger.Error("bulk upsert failed", "item", i, "error", err)
			err = errors.New("internal error")
		}
		items[i].Error = fmt.Sprintf("setups[%d]: %v", i, err)
	}
	return answer{http.StatusMultiStatus, map[string]any{"setups": items}}, nil
}

func (e *Emulator) upsertSetup(envProject string, in setupInput, problem error) (setup Setup, err error) {
	if problem == nil {
		problem = in.check(true)
	}
	if problem != nil {
		return Setup{}, refuse(http.StatusBadRequest, "%v", problem)
	}
	err = e.store.transact(func(tx *sql.Tx) error {
		in.hasSelector = true // an item without a selector removes the old one
		found, err := e.replaceSetup(tx, envProject, in)
		if err == nil && !found {
			err = insertSetup(tx, "", envProject, in, e.begun(), e.timestamp())
		}
		if err != nil {
			return err
		}
		setup, err = e.setupByExternalID(tx, envProject, in.externalID)
		return err
	})
	return setup, err
}

// begun is when a setup begins now, by the clock of the setups.
func (e *Emulator) begun() string {
	return e.settings.snapshot().progress(e.now()).now.Format(time.RFC3339Nano)
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

// replaceSetup replaces the given parts and restarts the setup, which stays in its environment. It
// returns false if the project has no such setup.
func (e *Emulator) replaceSetup(tx *sql.Tx, envProject string, in setupInput) (found bool, err error) {
	evaluators, rules, err := in.documents(tx)
	if err != nil {
		return false, err
	}
	result, err := tx.Exec(`UPDATE setups SET evaluators = coalesce(?, evaluators), rules = coalesce(?, rules), begun_at = ?, matched = 0, updated_at = ?
		WHERE `+ofProject+" AND external_id = ?", evaluators, rules, e.begun(), e.timestamp(), envProject, in.externalID)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
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

func noSuchSetup(externalID string) error {
	return refuse(http.StatusNotFound, "There is no auto monitor setup with the external_id %q.", externalID)
}
