package main

import (
	"encoding/json"
	"os"
)

type attributes = map[string]any

// state is a state file of version 4: https://github.com/hashicorp/terraform/blob/main/internal/states/statefile/version4.go
type state struct {
	Version          int             `json:"version"`
	TerraformVersion string          `json:"terraform_version"`
	Serial           int             `json:"serial"`
	Lineage          string          `json:"lineage"`
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
	IndexKey      any        `json:"index_key"`
	SchemaVersion int        `json:"schema_version"`
	Attributes    attributes `json:"attributes"`
	Sensitive     []any      `json:"sensitive_attributes"`
	Dependencies  []string   `json:"dependencies,omitempty"`
}

func newState(provider string) *state {
	// No CLI that knows this provider's protocol is older, and none reads a state of a newer one.
	return &state{Version: 4, TerraformVersion: "1.5.0", Serial: 1, Lineage: "bench", provider: "provider[\"" + provider + "\"]"}
}

// newInstance is an instance with its index and its attributes. The CLI finds a change where
// the secret ones are not all named.
func newInstance(index any, values attributes, secrets ...string) stateInstance {
	i := stateInstance{IndexKey: index, Attributes: values, Sensitive: []any{}}
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
	r := stateResource{Mode: "managed", Type: kind, Name: name, Provider: s.provider, Instances: make([]stateInstance, n)}
	for i := range r.Instances {
		r.Instances[i] = instance(i)
		r.Instances[i].Dependencies = dependencies
	}
	s.Resources = append(s.Resources, r)
}

func (s *state) write(file string) error {
	encoded, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(file, encoded, 0o600)
}
