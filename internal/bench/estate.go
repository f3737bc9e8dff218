package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	keysPerProject = 10
	// seeders is how many requests seed an organization at the same time.
	seeders = 8

	// address does not leave the registry to the CLI, since the state names it too.
	address = "registry.terraform.io/traceloop/traceloop"
	builtin = "terraform.io/builtin/terraform"
)

//go:embed estate.tf.tmpl
var configuration string

// estate is projects with a key in each of the organization-level environments, and what
// one configuration manages.
type estate struct {
	Prefix   string // of the names of its projects
	Projects int
	// Environments is how many of them there are. They are part of the estate unless Shared.
	Environments int
	Shared       bool

	projects     []traceloop.Project
	environments []traceloop.Environment
	keys         []traceloop.GeneratedAPIKey
}

// estateOf returns an estate with so many keys.
func estateOf(keys int) *estate {
	return &estate{Prefix: "project", Projects: max(1, keys/keysPerProject), Environments: min(keys, keysPerProject)}
}

func (e *estate) size() int { return e.Projects * e.Environments }

// resources is how many of them the configuration manages.
func (e *estate) resources() int {
	n := e.Projects + e.size()
	if !e.Shared {
		n += e.Environments
	}
	return n
}

func environmentName(i int) string { return fmt.Sprintf("env-%d", i) }

// createEnvironments creates the environments that estates share.
func createEnvironments(ctx context.Context, client *traceloop.Client, n int) ([]traceloop.Environment, error) {
	var all []traceloop.Environment
	for i := range n {
		environment, err := client.CreateEnvironment(ctx, traceloop.EnvironmentRequest{Name: environmentName(i)})
		if err != nil {
			return nil, err
		}
		all = append(all, *environment)
	}
	return all, nil
}

// seed creates the estate, except for its environments where they are given, and without
// its keys if so wanted. The organization's first project becomes one of an estate that
// is alone in it.
func (e *estate) seed(ctx context.Context, client *traceloop.Client, environments []traceloop.Environment, withKeys bool) (err error) {
	e.environments, e.Shared = environments, environments != nil
	if !e.Shared {
		if e.environments, err = createEnvironments(ctx, client, e.Environments); err != nil {
			return err
		}
		for project, err := range client.ListProjects(ctx) {
			if err != nil {
				return err
			}
			renamed, err := client.UpdateProject(ctx, project.ID, traceloop.ProjectRequest{Name: e.projectName(0)})
			if err != nil {
				return err
			}
			e.projects = append(e.projects, *renamed)
		}
	}

	first := len(e.projects)
	e.projects = append(e.projects, make([]traceloop.Project, e.Projects-first)...)
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(seeders)
	for i := first; i < e.Projects; i++ {
		group.Go(func() error {
			project, err := client.CreateProject(gctx, traceloop.ProjectRequest{Name: e.projectName(i)})
			if err == nil {
				e.projects[i] = *project
			}
			return err
		})
	}
	if err := group.Wait(); err != nil || !withKeys {
		return err
	}

	e.keys = make([]traceloop.GeneratedAPIKey, e.size())
	group, gctx = errgroup.WithContext(ctx)
	group.SetLimit(seeders)
	for i := range e.keys {
		group.Go(func() error {
			key, err := client.CreateAPIKey(gctx, traceloop.APIKeyRequest{
				ProjectID:   e.projects[i/e.Environments].ID,
				Environment: environmentName(i % e.Environments),
			})
			if err == nil {
				e.keys[i] = *key
			}
			return err
		})
	}
	return group.Wait()
}

func (e *estate) projectName(i int) string { return fmt.Sprintf("%s-%04d", e.Prefix, i) }

func (e *estate) keyName(i int) string {
	return e.projectName(i/e.Environments) + "/" + environmentName(i%e.Environments)
}

// write writes the configuration and the state of the estate.
func (e *estate) write(dir string) error {
	s := newState("provider[\"" + address + "\"]")
	if !e.Shared {
		s.add("traceloop_environment", "all", e.Environments, func(i int) stateInstance {
			v := e.environments[i]
			return newInstance(v.Name, attributes{
				"id": v.ID, "name": v.Name, "slug": v.Slug, "scope": v.Scope, "project_id": nil, "built_in": v.BuiltIn,
				"created_at": timestamp(v.CreatedAt), "deletion_protection": false,
			})
		})
	}
	s.add("traceloop_project", "all", e.Projects, func(i int) stateInstance {
		v := e.projects[i]
		return newInstance(v.Name, attributes{"id": v.ID, "name": v.Name, "slug": v.Slug, "created_at": timestamp(v.CreatedAt), "deletion_protection": false})
	})
	after := []string{"traceloop_environment.all", "traceloop_project.all"}
	if e.Shared {
		after = after[1:]
	}
	s.add("traceloop_api_key", "all", len(e.keys), func(i int) stateInstance {
		v := e.keys[i]
		return newInstance(e.keyName(i), attributes{
			"id": v.ID, "project_id": v.ProjectID, "environment": v.Environment, "masked_key": v.MaskedKey, "created_at": timestamp(v.CreatedAt),
			"key": v.Key, "encrypted_key": nil, "existing_key_wo": nil, "age_recipients": nil, "replace_existing": false,
			"rotate_after_days": nil, "rotate_at": nil, "rotation_triggers": nil,
		}, "existing_key_wo", "key")
	}, after...)
	return e.writeTo(dir, s, false)
}

// writeBuiltin writes the same estate of terraform_data resources, which need no plugin.
func (e *estate) writeBuiltin(dir string) error {
	s := newState("provider[\"" + builtin + "\"]")
	data := func(name string, input any, typ any) attributes {
		value := attributes{"value": input, "type": typ}
		return attributes{"id": "of " + name, "input": value, "output": value, "triggers_replace": nil}
	}
	add := func(resource string, n int, name func(int) string) {
		s.add("terraform_data", resource, n, func(i int) stateInstance { return newInstance(name(i), data(name(i), name(i), "string")) })
	}
	if !e.Shared {
		add("environment", e.Environments, environmentName)
	}
	add("project", e.Projects, e.projectName)
	after := []string{"terraform_data.environment", "terraform_data.project"}
	if e.Shared {
		after = after[1:]
	}
	s.add("terraform_data", "api_key", len(e.keys), func(i int) stateInstance {
		input := attributes{"project_id": "of " + e.projectName(i/e.Environments), "environment": environmentName(i % e.Environments)}
		return newInstance(e.keyName(i), data(e.keyName(i), input, []any{"object", attributes{"project_id": "string", "environment": "string"}}))
	}, after...)
	return e.writeTo(dir, s, true)
}

func (e *estate) writeTo(dir string, s *state, builtin bool) error {
	err := e.writeConfiguration(dir, builtin)
	if err != nil {
		return err
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "terraform.tfstate"), encoded, 0o600)
}

func (e *estate) writeConfiguration(dir string, builtin bool) error {
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return err
	}
	var config bytes.Buffer
	err = template.Must(template.New("").Parse(configuration)).Execute(&config, map[string]any{"Estate": e, "Builtin": builtin, "Address": address})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "main.tf"), config.Bytes(), 0o600)
}

type attributes = map[string]any

// state is a state file of version 4: https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
type state struct {
	Version          int             `json:"version"`
	TerraformVersion string          `json:"terraform_version"`
	Serial           int             `json:"serial"`
	Lineage          string          `json:"lineage"`
	Outputs          struct{}        `json:"outputs"`
	Resources        []stateResource `json:"resources"`

	provider string
}

type stateResource struct {
	Mode      string          `json:"mode"`
	Type      string          `json:"type"`
	Name      string          `json:"name"`
	Provider  string          `json:"provider"`
	Instances []stateInstance `json:"instances"`
}

type stateInstance struct {
	IndexKey      string     `json:"index_key"`
	SchemaVersion int        `json:"schema_version"`
	Attributes    attributes `json:"attributes"`
	Sensitive     []any      `json:"sensitive_attributes"`
	Dependencies  []string   `json:"dependencies,omitempty"`
}

func newState(provider string) *state {
	// A version that any CLI which can run this provider takes for older than itself.
	return &state{Version: 4, TerraformVersion: "1.5.0", Serial: 1, Lineage: "bench", provider: provider}
}

// newInstance is an instance with its key and its attributes. The CLI finds a change where
// the secret ones are not all named.
func newInstance(key string, values attributes, secrets ...string) stateInstance {
	i := stateInstance{IndexKey: key, Attributes: values, Sensitive: []any{}}
	for _, name := range secrets {
		i.Sensitive = append(i.Sensitive, []any{attributes{"type": "get_attr", "value": name}})
	}
	return i
}

// add adds n instances of one resource.
func (s *state) add(kind, name string, n int, instance func(int) stateInstance, dependencies ...string) {
	if n == 0 {
		return
	}
	r := stateResource{Mode: "managed", Type: kind, Name: name, Provider: s.provider}
	for i := range n {
		added := instance(i)
		added.Dependencies = dependencies
		r.Instances = append(r.Instances, added)
	}
	s.Resources = append(s.Resources, r)
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	out := groups[0]
	for _, g := range groups[1:] {
		out += "," + g
	}
	return out
}
