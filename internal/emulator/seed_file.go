package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// ParseSeed reads a seed in YAML or JSON. Its errors, and the errors of New about the seed, begin
// with the file name and the line. It is as strict as the API is with bodies.
func ParseSeed(name string, data []byte) (*Seed, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: it is not UTF-8", name)
	}
	if json.Valid(data) {
		data = joinSurrogates(data)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: it is empty; write {} for an empty organization", name)
	} else if err != nil {
		return nil, yamlError(name, err)
	}
	if err := decoder.Decode(&yaml.Node{}); err == nil {
		return nil, fmt.Errorf("%s: it has more than one document; a seed is one document", name)
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(name, err)
	}
	seed := &Seed{}
	file := seedFile{name}
	err := file.object(document.Content[0], "", map[string]reader{
		"environments": list(file, &seed.Environments, file.environment),
		"evaluators":   list(file, &seed.Evaluators, file.evaluator),
		"projects":     list(file, &seed.Projects, file.project),
	})
	return seed, err
}

// yamlError adds the file name to "yaml: line 3: …".
func yamlError(name string, err error) error {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		line, rest, _ := strings.Cut(rest, ": ")
		return fmt.Errorf("%s:%s: it is neither YAML nor JSON: %s", name, line, rest)
	}
	return fmt.Errorf("%s: it is neither YAML nor JSON: %s", name, message)
}

var jsonEscape = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\.`)

// joinSurrogates decodes JSON's surrogate pairs, which YAML does not support.
func joinSurrogates(data []byte) []byte {
	return jsonEscape.ReplaceAllFunc(data, func(escape []byte) []byte {
		if len(escape) == 2 {
			return escape
		}
		var character string
		if err := json.Unmarshal([]byte(`"`+string(escape)+`"`), &character); err != nil {
			return escape
		}
		return []byte(character)
	})
}

// seedFile is read node by node: yaml's own decoder accepts 7 as "7" and duplicate names, and does
// not report lines.
type seedFile struct{ name string }

// reader reads a value. path is its place, such as projects[2].name.
type reader func(node *yaml.Node, path string) error

func (f seedFile) place(node *yaml.Node, path string) string {
	place := f.name + ":" + strconv.Itoa(node.Line)
	if path != "" {
		place += ": " + path
	}
	return place
}

func (f seedFile) errorf(node *yaml.Node, path, format string, args ...any) error {
	return fmt.Errorf("%s: %s", f.place(node, path), fmt.Sprintf(format, args...))
}

func (f seedFile) object(node *yaml.Node, path string, members map[string]reader) error {
	if node = resolve(node); node.Kind != yaml.MappingNode {
		return f.errorf(node, path, "it must be an object, with name: value")
	}
	seen := map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		read, known := members[key.Value]
		switch {
		case !known:
			return f.errorf(key, path, "unknown field %q", key.Value)
		case seen[key.Value]:
			return f.errorf(key, path, "field %q occurs twice", key.Value)
		}
		seen[key.Value] = true
		if err := read(value, strings.TrimPrefix(path+"."+key.Value, ".")); err != nil {
			return err
		}
	}
	return nil
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func (f seedFile) text(into *string) reader {
	return func(node *yaml.Node, path string) error {
		node = resolve(node)
		// Without quotes, YAML does not read a time as text.
		if node.Kind != yaml.ScalarNode || node.Tag != "!!str" && node.Tag != "!!timestamp" {
			return f.errorf(node, path, "it must be a text; put it in quotes")
		}
		if node.Value == "" {
			return f.errorf(node, path, "it is empty; omit it instead")
		}
		*into = node.Value
		return nil
	}
}

func list[T any](f seedFile, into *[]T, item func(node *yaml.Node, path string) (T, error)) reader {
	return func(node *yaml.Node, path string) error {
		node = resolve(node)
		if node.Kind != yaml.SequenceNode {
			return f.errorf(node, path, "it must be a list")
		}
		for i, child := range node.Content {
			value, err := item(child, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return err
			}
			*into = append(*into, value)
		}
		return nil
	}
}

func (f seedFile) project(node *yaml.Node, path string) (p SeedProject, err error) {
	p.place = f.place(node, path)
	err = f.object(node, path, map[string]reader{
		"name": f.text(&p.Name), "id": f.text(&p.ID), "slug": f.text(&p.Slug), "created_at": f.text(&p.CreatedAt),
		"environments": list(f, &p.Environments, f.environment),
		"api_keys":     list(f, &p.APIKeys, f.apiKey), "auto_monitor_setups": list(f, &p.Setups, f.setup),
	})
	return p, err
}

func (f seedFile) environment(node *yaml.Node, path string) (v SeedEnvironment, err error) {
	v.place = f.place(node, path)
	err = f.object(node, path, map[string]reader{
		"name": f.text(&v.Name), "id": f.text(&v.ID), "created_at": f.text(&v.CreatedAt),
	})
	return v, err
}

func (f seedFile) apiKey(node *yaml.Node, path string) (k SeedAPIKey, err error) {
	k.place = f.place(node, path)
	err = f.object(node, path, map[string]reader{
		"environment": f.text(&k.Environment), "id": f.text(&k.ID), "created_at": f.text(&k.CreatedAt),
		"api_key": f.text(&k.APIKey), "masked_key": f.text(&k.MaskedKey), "sha256": f.text(&k.SHA256),
	})
	return k, err
}

func (s *Seed) marshal() ([]byte, error) {
	var buffer bytes.Buffer
	encoder := yaml.NewEncoder(&buffer)
	encoder.SetIndent(2)
	if err := encoder.Encode(s); err != nil {
		return nil, err
	}
	return buffer.Bytes(), encoder.Close()
}
