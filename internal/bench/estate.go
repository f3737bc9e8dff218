package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	keysPerProject = 10
	keysPerBlock   = 100
	// seeders is how many requests seed an organization at the same time.
	seeders = 8

	// address does not leave the registry to the CLI, since the state names it too.
	address = "registry.terraform.io/traceloop/traceloop"
)

//go:embed estate.tf.tmpl
var configuration string

// estate is projects with a key in each of the organization-level environments, and the
// configuration that manages them.
type estate struct {
	prefix       string // of the names of its projects
	projects     int
	environments int
	// shared environments are somebody else's; others are part of the estate.
	shared bool
	// What there is of it:
	created struct {
		projects     []traceloop.Project
		environments []traceloop.Environment
		keys         []traceloop.GeneratedAPIKey
	}
}

// estateOf returns an estate with so many keys.
func estateOf(keys int) *estate {
	return &estate{prefix: "project", projects: max(1, keys/keysPerProject), environments: min(keys, keysPerProject)}
}

func (e *estate) keys() int { return e.projects * e.environments }

// objects is how many there are in it.
func (e *estate) objects() int { return e.projects + e.keys() + e.ownEnvironments() }

func (e *estate) ownEnvironments() int {
	if e.shared {
		return 0
	}
	return e.environments
}

func (e *estate) projectName(i int) string { return fmt.Sprintf("%s-%04d", e.prefix, i) }

func environmentName(i int) string { return "env-" + strconv.Itoa(i) }

// slot is the place of the ith key.
func (e *estate) slot(i int) (project int, environment string) {
	return i / e.environments, environmentName(i % e.environments)
}

// seed creates the estate through the API, or with shared environments what else there is.
// The project that every new organization has becomes one of an estate that is alone in it.
func (e *estate) seed(ctx context.Context, client *traceloop.Client) error {
	e.created.projects = make([]traceloop.Project, e.projects)
	first := 0
	if !e.shared {
		var err error
		if e.created.environments, err = createEnvironments(ctx, client, e.environments); err != nil {
			return err
		}
		if e.created.projects[0], err = e.adopt(ctx, client); err != nil {
			return err
		}
		first = 1
	}
	err := inParallel(ctx, first, e.projects, func(ctx context.Context, i int) error {
		project, err := client.CreateProject(ctx, traceloop.ProjectRequest{Name: e.projectName(i)})
		if err == nil {
			e.created.projects[i] = *project
		}
		return err
	})
	if err != nil {
		return err
	}
	e.created.keys = make([]traceloop.GeneratedAPIKey, e.keys())
	return inParallel(ctx, 0, e.keys(), func(ctx context.Context, i int) error {
		project, environment := e.slot(i)
		key, err := client.CreateAPIKey(ctx, traceloop.APIKeyRequest{ProjectID: e.created.projects[project].ID, Environment: environment})
		if err == nil {
			e.created.keys[i] = *key
		}
		return err
	})
}

func createEnvironments(ctx context.Context, client *traceloop.Client, n int) ([]traceloop.Environment, error) {
	all := make([]traceloop.Environment, n)
	for i := range all {
		environment, err := client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: environmentName(i)})
		if err != nil {
			return nil, err
		}
		all[i] = *environment
	}
	return all, nil
}

// adopt makes the organization's first project the estate's.
func (e *estate) adopt(ctx context.Context, client *traceloop.Client) (traceloop.Project, error) {
	for project, err := range client.ListProjects(ctx) {
		if err != nil {
			return project, err
		}
		renamed, err := client.UpdateProject(ctx, project.ID, traceloop.ProjectRequest{Name: e.projectName(0)})
		if err != nil {
			return project, err
		}
		return *renamed, nil
	}
	return traceloop.Project{}, errors.New("the organization has no project")
}

func inParallel(ctx context.Context, first, end int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(seeders)
	for i := first; i < end; i++ {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// block is a resource block with the keys from First up to, but without, Last.
type block struct {
	Name        string
	First, Last int
}

func (b block) Count() int { return b.Last - b.First }

func (e *estate) keyBlocks() []block {
	var all []block
	for first := 0; first < e.keys(); first += keysPerBlock {
		all = append(all, block{fmt.Sprintf("part%d", len(all)), first, min(first+keysPerBlock, e.keys())})
	}
	return all
}

// write writes the configuration, and the state of what was created.
func (e *estate) write(dir string) error {
	if err := e.writeConfiguration(dir); err != nil {
		return err
	}
	return e.state().write(filepath.Join(dir, "terraform.tfstate"))
}

func (e *estate) writeConfiguration(dir string) error {
	values := map[string]any{
		"Address": address, "Prefix": e.prefix, "Blocks": e.keyBlocks(),
		"Projects": e.projects, "Environments": e.environments, "OwnEnvironments": e.ownEnvironments(),
	}
	var config bytes.Buffer
	if err := template.Must(template.New("").Parse(configuration)).Execute(&config, values); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.tf"), config.Bytes(), 0o600)
}

// state is what the CLI would have written after creating the estate.
func (e *estate) state() *state {
	s := newState(address)
	s.add("traceloop_environment", "all", e.ownEnvironments(), func(i int) stateInstance {
		v := e.created.environments[i]
		return newInstance(i, attributes{
			"id": v.ID, "name": v.Name, "slug": v.Slug, "scope": v.Scope, "project_id": nil, "built_in": v.BuiltIn,
			"created_at": timestamp(v.CreatedAt), "deletion_protection": false,
		})
	})
	s.add("traceloop_project", "all", e.projects, func(i int) stateInstance {
		v := e.created.projects[i]
		return newInstance(i, attributes{"id": v.ID, "name": v.Name, "slug": v.Slug, "created_at": timestamp(v.CreatedAt), "deletion_protection": false})
	})
	after := []string{"traceloop_environment.all", "traceloop_project.all"}
	for _, b := range e.keyBlocks() {
		s.add("traceloop_api_key", b.Name, b.Count(), func(i int) stateInstance {
			v := e.created.keys[b.First+i]
			return newInstance(i, attributes{
				"id": v.ID, "project_id": v.ProjectID, "environment": v.Environment, "masked_key": v.MaskedKey, "created_at": timestamp(v.CreatedAt),
				"key": v.Key, "encrypted_key": nil, "existing_key_wo": nil, "age_recipients": nil, "replace_existing": false,
				"rotate_after_days": nil, "rotate_at": nil, "rotation_triggers": nil,
			}, "existing_key_wo", "key")
		}, after...)
	}
	return s
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
