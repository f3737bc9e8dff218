package emulator

import (
	"cmp"
	"database/sql"
	"net/http"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// SeedSetup is an auto monitor setup. Its status depends on its creation time. Spans that arrived
// before the seed was planted do not count.
type SeedSetup struct {
	Environment  string   `yaml:"environment"` // slug
	ExternalID   string   `yaml:"external_id"`
	Evaluators   []string `yaml:"evaluators"`
	Selector     []Rule   `yaml:"selector,omitempty"`
	ID           string   `yaml:"id,omitempty"`
	EnvProjectID string   `yaml:"env_project_id,omitempty"` // one for each environment of a project
	CreatedAt    string   `yaml:"created_at,omitempty"`
}

// name sets the id of the project and environment from the seed, before a key sets one.
func (s SeedSetup) name(tx *sql.Tx, project string) error {
	if err := cmp.Or(checkEnvironmentSlug(s.Environment), checkID(s.EnvProjectID)); err != nil {
		return err
	}
	_, err := tx.Exec("INSERT INTO env_projects (project_id, environment_id, id) VALUES (?1, "+environmentInForce+", "+newOr+") ON CONFLICT (project_id, environment_id) DO NOTHING",
		project, s.Environment, s.EnvProjectID)
	if violates(err, "env_projects.environment_id") {
		return noEnvironmentInForce(s.Environment)
	}
	return idTaken(err, "env_projects.id", s.EnvProjectID)
}

func (s SeedSetup) plant(tx *sql.Tx, project, now string) error {
	for i := range s.Selector {
		s.Selector[i].Operator = cmp.Or(s.Selector[i].Operator, contract.Equals)
	}
	in := setupInput{externalID: s.ExternalID, evaluators: s.Evaluators, selector: s.Selector, hasSelector: true}
	if err := cmp.Or(checkID(s.ID), checkTime(&s.CreatedAt, now)); err != nil {
		return err
	}
	if err := in.check(true); err != nil {
		return refuse(http.StatusBadRequest, "%v.", err)
	}
	var place string
	if err := tx.QueryRow("SELECT id FROM env_projects WHERE project_id = ?1 AND environment_id = "+environmentInForce, project, s.Environment).Scan(&place); err != nil {
		return err
	}
	if s.EnvProjectID != "" && s.EnvProjectID != place {
		return refuse(http.StatusConflict, "Another setup of this project and environment has the env_project_id %q.", place)
	}
	return insertSetup(tx, s.ID, place, in, s.CreatedAt, s.CreatedAt)
}

// exportSetups returns the setups of each project.
func exportSetups(tx *sql.Tx) (map[string][]SeedSetup, error) {
	stored, err := readSetups(tx, "true")
	all := map[string][]SeedSetup{}
	for _, s := range stored {
		seed := SeedSetup{
			Environment: s.environmentSlug, ExternalID: s.ExternalID, Selector: s.InitRules,
			ID: s.ID, EnvProjectID: s.EnvProjectID, CreatedAt: s.CreatedAt,
		}
		for _, e := range s.Evaluators {
			seed.Evaluators = append(seed.Evaluators, e.Type)
		}
		all[s.ProjectID] = append(all[s.ProjectID], seed)
	}
	return all, err
}
