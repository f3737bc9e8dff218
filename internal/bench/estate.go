package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/traceloop/terraform-provider-traceloop/internal/emulator"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	keysPerProject = 10
	keysPerBlock   = 100
	createdAt      = "2026-01-01T00:00:00Z"

	// address does not leave the registry to the CLI, since the state names it too.
	address = "registry.terraform.io/traceloop/traceloop"
)

//go:embed estate.tf.tmpl
var configuration string

// estate is projects with a key in each of the organization-level environments, and the
// configuration that manages them.
type estate struct {
	emulator.Seed

	prefix  string // of the names of its projects
	shared  bool   // its environments are somebody else's
	planned bool   // nothing of it exists yet
}

func newEstate(prefix string, projects, environments int) *estate {
	e := &estate{prefix: prefix}
	for i := range environments {
		name := fmt.Sprintf("env-%d", i)
		e.Environments = append(e.Environments, emulator.SeedEnvironment{Name: name, ID: "id-" + name, CreatedAt: createdAt})
	}
	for i := range projects {
		name := fmt.Sprintf("%s-%04d", prefix, i)
		project := emulator.SeedProject{Name: name, Slug: name, ID: "id-" + name, CreatedAt: createdAt}
		for _, environment := range e.Environments {
			id := project.ID + "-" + environment.Name
			key := fmt.Sprintf("%s%.20x", traceloop.KeyPrefix, sha256.Sum256([]byte(id)))
			project.APIKeys = append(project.APIKeys, emulator.SeedAPIKey{ID: id, Environment: environment.Name, APIKey: key, CreatedAt: createdAt})
		}
		e.Projects = append(e.Projects, project)
	}
	return e
}

// estateOf returns an estate with so many keys.
func estateOf(keys int) *estate {
	return newEstate("project", max(1, keys/keysPerProject), min(keys, keysPerProject))
}

func (e *estate) keys() int { return len(e.Projects) * len(e.Environments) }

// objects is how many there are in it.
func (e *estate) objects() int { return len(e.Projects) + e.keys() + len(e.ownEnvironments()) }

func (e *estate) ownEnvironments() []emulator.SeedEnvironment {
	if e.shared {
		return nil
	}
	return e.Environments
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

// write writes the configuration, and the state of what exists.
func (e *estate) write(dir string) error {
	values := map[string]any{
		"Address": address, "Prefix": e.prefix, "Blocks": e.keyBlocks(),
		"Projects": len(e.Projects), "Environments": len(e.Environments), "OwnEnvironments": len(e.ownEnvironments()),
	}
	var config bytes.Buffer
	if err := template.Must(template.New("").Parse(configuration)).Execute(&config, values); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), config.Bytes(), 0o600); err != nil || e.planned {
		return err
	}
	state, err := json.Marshal(e.state())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "terraform.tfstate"), state, 0o600)
}

type object = map[string]any

// state is what the CLI would have written after creating the estate, in version 4:
// https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
func (e *estate) state() object {
	environments := make([]object, len(e.ownEnvironments()))
	for i, v := range e.ownEnvironments() {
		environments[i] = object{
			"id": v.ID, "name": v.Name, "slug": v.Name, "scope": "organization", "built_in": false, "created_at": v.CreatedAt, "deletion_protection": false,
		}
	}
	projects := make([]object, len(e.Projects))
	keys := make([]object, 0, e.keys())
	for i, p := range e.Projects {
		projects[i] = object{"id": p.ID, "name": p.Name, "slug": p.Slug, "created_at": p.CreatedAt, "deletion_protection": false}
		for _, k := range p.APIKeys {
			keys = append(keys, object{
				"id": k.ID, "project_id": p.ID, "environment": k.Environment, "masked_key": traceloop.MaskKey(k.APIKey), "created_at": k.CreatedAt,
				"key": k.APIKey, "replace_existing": false,
			})
		}
	}
	blocks := e.keyBlocks()
	resources := make([]object, len(blocks), len(blocks)+2)
	for i, b := range blocks {
		resources[i] = resource("traceloop_api_key", b.Name, keys[b.First:b.Last], "existing_key_wo", "key")
	}
	resources = append(resources, resource("traceloop_environment", "all", environments), resource("traceloop_project", "all", projects))
	// No CLI that knows this provider's protocol is older, and none reads a state of a newer one.
	return object{"version": 4, "terraform_version": "1.5.0", "serial": 1, "lineage": "bench", "resources": resources}
}

// resource is one in a state, with an instance for each of the attributes. The CLI finds a change
// where the secret ones are not all named.
func resource(kind, name string, attributes []object, secrets ...string) object {
	sensitive := make([][]object, len(secrets))
	for i, secret := range secrets {
		sensitive[i] = []object{{"type": "get_attr", "value": secret}}
	}
	instances := make([]object, len(attributes))
	for i, values := range attributes {
		instances[i] = object{"index_key": i, "schema_version": 0, "attributes": values, "sensitive_attributes": sensitive}
	}
	return object{"mode": "managed", "type": kind, "name": name, "provider": fmt.Sprintf("provider[%q]", address), "instances": instances}
}
