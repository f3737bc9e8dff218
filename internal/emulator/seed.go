package emulator

import (
	"cmp"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// Seed is the complete organization to start with: without a "Default project" in it, there is
// none. GET /_emulator/export writes a seed.
type Seed struct {
	Environments []SeedEnvironment `yaml:"environments,omitempty"` // may give the ids of built-in ones
	Evaluators   []SeedEvaluator   `yaml:"evaluators,omitempty"`
	Projects     []SeedProject     `yaml:"projects,omitempty"`

	places map[string]string // of the entries in the file, by their paths
}

// SeedProject is a project. Only its name is required.
type SeedProject struct {
	Name         string            `yaml:"name"`
	ID           string            `yaml:"id,omitempty"`
	Slug         string            `yaml:"slug,omitempty"`
	CreatedAt    string            `yaml:"created_at,omitempty"`
	Environments []SeedEnvironment `yaml:"environments,omitempty"` // its own
	APIKeys      []SeedAPIKey      `yaml:"api_keys,omitempty"`
	Setups       []SeedSetup       `yaml:"auto_monitor_setups,omitempty"`
}

// SeedEnvironment is an environment of a project, or of the organization.
type SeedEnvironment struct {
	Name      string `yaml:"name"`
	ID        string `yaml:"id,omitempty"`
	CreatedAt string `yaml:"created_at,omitempty"`
}

// SeedAPIKey is a key with its value (APIKey), or with only MaskedKey and SHA256, as in an export,
// or without a known value.
type SeedAPIKey struct {
	Environment string `yaml:"environment"` // slug
	ID          string `yaml:"id,omitempty"`
	CreatedAt   string `yaml:"created_at,omitempty"`
	APIKey      string `yaml:"api_key,omitempty"`
	MaskedKey   string `yaml:"masked_key,omitempty"`
	SHA256      string `yaml:"sha256,omitempty"`
}

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

// SeedEvaluator is an evaluator of the organization, in the form of its creation.
type SeedEvaluator struct {
	Name                string `yaml:"name"`
	Slug                string `yaml:"slug,omitempty"`
	Description         string `yaml:"description,omitempty"`
	ID                  string `yaml:"id,omitempty"`
	Version             int    `yaml:"version,omitempty"`
	CreatedAt           string `yaml:"created_at,omitempty"`
	EvaluatorDefinition `yaml:",inline"`
}

// plant writes the seed into an empty database. The database refuses violations of the rules.
func (s *Seed) plant(tx *sql.Tx, now string) error {
	if err := s.plantOrganizationEnvironments(tx, now); err != nil {
		return err
	}
	if err := plantAll(s, "evaluators", s.Evaluators, func(v SeedEvaluator) error { return v.plant(tx, now) }); err != nil {
		return err
	}
	for i, project := range s.Projects {
		path := fmt.Sprintf("projects[%d]", i)
		id, err := project.plant(tx, now)
		if err != nil {
			return s.at(err, path)
		}
		err = cmp.Or( // the first error: what follows it is undone anyway
			plantAll(s, path+".environments", project.Environments, func(v SeedEnvironment) error { return v.plant(tx, &id, now) }),
			// Before the keys, since a setup may give the id of the env project.
			plantAll(s, path+".auto_monitor_setups", project.Setups, func(v SeedSetup) error { return v.plant(tx, id, now) }),
			plantAll(s, path+".api_keys", project.APIKeys, func(v SeedAPIKey) error { return v.plant(tx, id, now) }),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func plantAll[T any](s *Seed, path string, entries []T, plant func(T) error) error {
	for i, entry := range entries {
		if err := plant(entry); err != nil {
			return s.at(err, fmt.Sprintf("%s[%d]", path, i))
		}
	}
	return nil
}

// plantOrganizationEnvironments plants the built-in ones first, whether the seed names them or not.
func (s *Seed) plantOrganizationEnvironments(tx *sql.Tx, now string) error {
	all := slices.Clone(s.Environments)
	var order []int
	for _, name := range contract.BuiltInEnvironments {
		i := slices.IndexFunc(all, func(v SeedEnvironment) bool { return v.Name == name })
		if i < 0 {
			i, all = len(all), append(all, SeedEnvironment{Name: name})
		}
		order = append(order, i)
	}
	for i := range all {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	for _, i := range order {
		if err := all[i].plant(tx, nil, now); err != nil {
			return s.at(err, fmt.Sprintf("environments[%d]", i))
		}
	}
	return nil
}

// at says where in the file an entry is, if the seed is from one.
func (s *Seed) at(err error, path string) error {
	if place := s.places[path]; place != "" {
		err = fmt.Errorf("%s: %w", place, err)
	}
	return err
}

func (p SeedProject) plant(tx *sql.Tx, now string) (id string, err error) {
	if err := cmp.Or(checkName(p.Name), checkID(p.ID), checkTime(&p.CreatedAt, now)); err != nil {
		return "", err
	}
	if traceloop.Slug(p.Slug) != p.Slug {
		return "", refuse(http.StatusBadRequest, "slug %q is not a slug, such as %q.", p.Slug, traceloop.Slug("EU Production"))
	}
	planted, err := insertProject(tx, Project{ID: p.ID, Name: p.Name, Slug: p.Slug, CreatedAt: p.CreatedAt})
	return planted.ID, err
}

func (v SeedEnvironment) plant(tx *sql.Tx, project *string, now string) error {
	if err := cmp.Or(checkEnvironmentName(v.Name), checkID(v.ID), checkTime(&v.CreatedAt, now)); err != nil {
		return err
	}
	builtIn := project == nil && slices.Contains(contract.BuiltInEnvironments, v.Name)
	_, err := insertEnvironment(tx, Environment{ID: v.ID, Name: v.Name, ProjectID: project, BuiltIn: builtIn, CreatedAt: v.CreatedAt})
	return err
}

func (k SeedAPIKey) plant(tx *sql.Tx, project, now string) error {
	if err := cmp.Or(checkEnvironmentSlug(k.Environment), checkID(k.ID), checkTime(&k.CreatedAt, now)); err != nil {
		return err
	}
	hash, masked, err := k.secret()
	if err == nil {
		_, err = insertAPIKey(tx, APIKey{ID: k.ID, ProjectID: project, Environment: k.Environment, MaskedKey: masked, CreatedAt: k.CreatedAt}, hash)
	}
	return err
}

func (s SeedSetup) plant(tx *sql.Tx, project, now string) error {
	if err := cmp.Or(checkEnvironmentSlug(s.Environment), checkID(s.ID), checkID(s.EnvProjectID), checkTime(&s.CreatedAt, now)); err != nil {
		return err
	}
	for i := range s.Selector {
		s.Selector[i].Operator = cmp.Or(s.Selector[i].Operator, contract.Equals)
	}
	in := setupInput{externalID: s.ExternalID, evaluators: s.Evaluators, selector: s.Selector, hasSelector: true}
	if err := in.check(true); err != nil {
		return refuse(http.StatusBadRequest, "%v.", err)
	}
	var envProject string
	err := tx.QueryRow("INSERT INTO env_projects (project_id, environment_id, id) VALUES (?1, "+environmentInForce+", "+newOr+`)
		ON CONFLICT (project_id, environment_id) DO UPDATE SET id = id RETURNING id`, project, s.Environment, s.EnvProjectID).Scan(&envProject)
	switch {
	case violates(err, "env_projects.environment_id"):
		return noEnvironmentInForce(s.Environment)
	case err != nil:
		return idTaken(err, "env_projects.id", s.EnvProjectID)
	case s.EnvProjectID != "" && s.EnvProjectID != envProject:
		return refuse(http.StatusConflict, "Another setup of this project and environment has the env_project_id %q.", envProject)
	}
	return insertSetup(tx, s.ID, envProject, in, s.CreatedAt, s.CreatedAt)
}

func (s SeedEvaluator) plant(tx *sql.Tx, now string) error {
	if err := cmp.Or(checkID(s.ID), checkTime(&s.CreatedAt, now)); err != nil {
		return err
	}
	s.Config = cmp.Or(s.Config, &EvaluatorConfig{})
	v := Evaluator{ID: s.ID, Name: s.Name, Slug: s.Slug, Description: s.Description, CreatedAt: s.CreatedAt, EvaluatorDefinition: s.EvaluatorDefinition}
	if err := v.complete(); err != nil {
		return refuse(http.StatusBadRequest, "%v.", err)
	}
	_, _, err := v.insert(tx, max(1, s.Version))
	return err
}

var (
	keyForm    = regexp.MustCompile(`^` + traceloop.KeyPrefix + `[0-9A-Za-z]{8,200}$`)
	maskedForm = regexp.MustCompile(contract.MaskedKey)
	idForm     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// secret returns what the database stores of the key. Its errors never contain the key.
func (k SeedAPIKey) secret() (hash []byte, masked string, err error) {
	switch {
	case k.APIKey != "" && (k.MaskedKey != "" || k.SHA256 != ""):
		return nil, "", refuse(http.StatusBadRequest, "masked_key and sha256 are made from api_key. Omit them.")
	case k.APIKey != "" && !keyForm.MatchString(k.APIKey):
		return nil, "", refuse(http.StatusBadRequest, "api_key must be %s followed by 8 to 200 letters and digits.", traceloop.KeyPrefix)
	case k.APIKey != "":
		return hashKey(k.APIKey), traceloop.MaskKey(k.APIKey), nil
	case (k.MaskedKey == "") != (k.SHA256 == ""):
		return nil, "", refuse(http.StatusBadRequest, "masked_key and sha256 belong together. Give both of them, or api_key, or none of the three.")
	case k.MaskedKey == "":
		lost := newKey()
		return hashKey(lost), traceloop.MaskKey(lost), nil
	case !maskedForm.MatchString(k.MaskedKey):
		return nil, "", refuse(http.StatusBadRequest, "masked_key must be a key with stars in the middle, such as %q.", traceloop.MaskKey(traceloop.KeyPrefix+"0000abcd"))
	}
	hash, err = hex.DecodeString(k.SHA256)
	if err != nil || len(hash) != len(hashKey("")) {
		return nil, "", refuse(http.StatusBadRequest, "sha256 must be 64 hexadecimal digits.")
	}
	return hash, k.MaskedKey, nil
}

func checkID(id string) error {
	if id != "" && !idForm.MatchString(id) {
		return refuse(http.StatusBadRequest, "id %q must have 1 to 64 letters, digits, hyphens and underscores.", id)
	}
	return nil
}

// checkTime converts a time to the API's format. An empty one becomes the current time.
func checkTime(timestamp *string, now string) error {
	if *timestamp == "" {
		*timestamp = now
		return nil
	}
	parsed, err := time.Parse(time.RFC3339, *timestamp)
	if err != nil {
		return refuse(http.StatusBadRequest, "created_at %q must be a time such as %q.", *timestamp, "2026-01-31T12:00:00Z")
	}
	*timestamp = formatTime(parsed)
	return nil
}
