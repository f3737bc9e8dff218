package emulator

import (
	"database/sql"
	"errors"
	"net/http"
	"strconv"
)

// Export returns the organization as a seed. It has the SHA-256 of each key instead of its value,
// so that an emulator with this seed accepts the same keys.
func (e *Emulator) Export() (*Seed, error) {
	seed := &Seed{}
	return seed, e.store.transact(seed.read)
}

func (s *Seed) read(tx *sql.Tx) error {
	allProjects, err1 := projects.read(tx, "true")
	allEnvironments, err2 := environments.read(tx, "true")
	allKeys, err3 := apiKeys.read(tx, "true")
	allSetups, err4 := setups.read(tx, "true")
	allEvaluators, err5 := evaluators.read(tx, "true")
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	number := map[string]int{} // of the project with an id
	for i, p := range allProjects {
		number[p.ID] = i
		s.Projects = append(s.Projects, SeedProject{Name: p.Name, ID: p.ID, Slug: p.Slug, CreatedAt: p.CreatedAt})
	}
	for _, v := range allEnvironments {
		all := &s.Environments
		if v.ProjectID != nil {
			all = &s.Projects[number[*v.ProjectID]].Environments
		}
		*all = append(*all, SeedEnvironment{Name: v.Name, ID: v.ID, CreatedAt: v.CreatedAt})
	}
	for _, k := range allKeys {
		p := &s.Projects[number[k.ProjectID]]
		p.APIKeys = append(p.APIKeys, SeedAPIKey{Environment: k.Environment, ID: k.ID, CreatedAt: k.CreatedAt, MaskedKey: k.MaskedKey, SHA256: k.sha256})
	}
	for _, stored := range allSetups {
		p := &s.Projects[number[stored.ProjectID]]
		setup := SeedSetup{
			Environment: stored.environmentSlug, ExternalID: stored.ExternalID, Selector: stored.InitRules,
			ID: stored.ID, EnvProjectID: stored.EnvProjectID, CreatedAt: stored.CreatedAt,
		}
		for _, evaluator := range stored.Evaluators {
			setup.Evaluators = append(setup.Evaluators, evaluator.Type)
		}
		p.Setups = append(p.Setups, setup)
	}
	for _, v := range allEvaluators {
		version, err := strconv.Atoi(v.Version)
		if err != nil {
			return err
		}
		s.Evaluators = append(s.Evaluators, SeedEvaluator{
			Name: v.Name, Slug: v.Slug, Description: v.Description, ID: v.ID, Version: version, CreatedAt: v.CreatedAt, EvaluatorDefinition: v.EvaluatorDefinition,
		})
	}
	return nil
}

const exportHeading = `# An organization of the Traceloop emulator: start another one with -seed and this file.
# The values of API keys are not kept. Their SHA-256 is, so that they stay accepted. To have
# a key of a known value, give api_key: tl_… in place of masked_key and sha256.
`

func (e *Emulator) getExport(w http.ResponseWriter, _ *http.Request) {
	seed, err := e.Export()
	if err != nil {
		e.writeError(w, err)
		return
	}
	data, err := seed.marshal()
	if err != nil {
		e.writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(exportHeading))
	w.Write(data)
}
