package provider_test

import (
	"maps"
	"slices"
	"time"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator/emulatortest"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// oracle is the simple model of the provider: what an apply without faults has to come to. It
// knows the rules alone, and neither the provider nor the server.
type oracle struct {
	*driver // reads instances
	now     func() time.Time
}

// succeeds says whether the apply goes through.
func (o oracle) succeeds(all snapshot, kind string, state instance, config arguments) bool {
	exists, id := !state.value.IsNull(), o.text(state, "id")
	shielded := exists && o.boolean(state, "deletion_protection") && !o.boolean(state, "built_in")
	switch kind {
	case projectKind:
		if config == nil {
			return !shielded
		}
		return !all.named(config["name"].(string), id)
	case environmentKind:
		if config == nil {
			return !shielded
		}
		name, project := config["name"].(string), text(config["project_id"])
		if exists && name == o.text(state, "name") && project == o.text(state, "project_id") {
			return true
		}
		slug := traceloop.Slug(name)
		_, there := all.projects[project]
		return !shielded && slug != "prd" && (project == "" || there) && !all.taken(project, slug, id)
	default:
		if config == nil {
			return true
		}
		project, environment := text(config["project_id"]), text(config["environment"])
		if exists && !o.mustRotate(state, config) {
			return true
		}
		occupant := all.occupant(project, environment)
		return all.inForce(project, environment) && (occupant == "" || occupant == id || config["replace_existing"] == true)
	}
}

// mustRotate says whether a plan has to replace the key.
func (o oracle) mustRotate(state instance, config arguments) bool {
	if text(config["project_id"]) != o.text(state, "project_id") || text(config["environment"]) != o.text(state, "environment") {
		return true
	}
	triggers, _ := config["rotation_triggers"].(map[string]string)
	if was := o.collection(state, "rotation_triggers"); was != nil && triggers != nil && was[0] != triggers["at"] {
		return true
	}
	recipients, _ := config["age_recipients"].([]string)
	has := o.text(state, "key") != "" || o.text(state, "encrypted_key") != ""
	if has && config["existing_key_wo"] == nil && !slices.Equal(sorted(recipients), sorted(o.collection(state, "age_recipients"))) {
		return true
	}
	days, aged := config["rotate_after_days"].(int64)
	created, err := time.Parse(time.RFC3339, o.text(state, "created_at"))
	return aged && err == nil && !o.now().Before(created.AddDate(0, 0, int(days)))
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func text(v any) string {
	s, _ := v.(string)
	return s
}

// snapshot is what the server has, by id.
type snapshot struct {
	projects     map[string]emulatortest.Project
	environments map[string]emulatortest.Environment
	keys         map[string]emulatortest.APIKey
}

// snapshot takes one.
func (m *machine) snapshot() snapshot {
	all := snapshot{map[string]emulatortest.Project{}, map[string]emulatortest.Environment{}, map[string]emulatortest.APIKey{}}
	for _, p := range m.server.Projects() {
		all.projects[p.ID] = p
	}
	for _, e := range m.server.Environments("") {
		all.environments[e.ID] = e
	}
	for _, k := range m.server.Keys() {
		all.keys[k.ID] = k
	}
	return all
}

func (s snapshot) has(id string) bool {
	_, project := s.projects[id]
	_, environment := s.environments[id]
	_, key := s.keys[id]
	return project || environment || key
}

func (s snapshot) ids() []string {
	return slices.Concat(slices.Sorted(maps.Keys(s.projects)), slices.Sorted(maps.Keys(s.environments)), slices.Sorted(maps.Keys(s.keys)))
}

// cascade is the object itself, and what goes with it.
func (s snapshot) cascade(id string) map[string]bool {
	goes := map[string]bool{id: true}
	environment, isEnvironment := s.environments[id]
	for _, e := range s.environments {
		if e.ProjectID != nil && *e.ProjectID == id {
			goes[e.ID] = true
		}
	}
	for _, k := range s.keys {
		inProject := k.ProjectID == id
		inEnvironment := isEnvironment && k.Environment == environment.Slug && (environment.ProjectID == nil || *environment.ProjectID == k.ProjectID)
		if inProject || inEnvironment {
			goes[k.ID] = true
		}
	}
	return goes
}

// occupant is the id of the key of a project and environment; empty when there is none.
func (s snapshot) occupant(project, environment string) string {
	for _, k := range s.keys {
		if k.ProjectID == project && k.Environment == environment {
			return k.ID
		}
	}
	return ""
}

// taken says whether another environment than "but" has the slug at this level.
func (s snapshot) taken(project, slug, but string) bool {
	for _, e := range s.environments {
		if e.ID != but && e.Slug == slug && (project == "" || e.ProjectID == nil || *e.ProjectID == project) {
			return true
		}
	}
	return false
}

func (s snapshot) inForce(project, slug string) bool {
	if _, there := s.projects[project]; !there {
		return false
	}
	for _, e := range s.environments {
		if e.Slug == slug && (e.ProjectID == nil || *e.ProjectID == project) {
			return true
		}
	}
	return false
}

func (s snapshot) named(name, but string) bool {
	for _, p := range s.projects {
		if p.ID != but && p.Name == name {
			return true
		}
	}
	return false
}
