package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// ParseSeed reads a seed in YAML or JSON. Its errors, and the errors of New about the seed, begin
// with the file name and the line.
func ParseSeed(name string, data []byte) (*Seed, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: it is not UTF-8", name)
	}
	if json.Valid(data) {
		data = joinSurrogates(data)
	}
	seed := &Seed{}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(seed); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: it is empty; write {} for an empty organization", name)
	} else if err != nil {
		return nil, yamlError(name, err)
	}
	if err := decoder.Decode(&yaml.Node{}); err == nil {
		return nil, fmt.Errorf("%s: it has more than one document; a seed is one document", name)
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(name, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, yamlError(name, err)
	}
	seed.locate(name, document.Content[0])
	return seed, nil
}

var (
	unknownField = regexp.MustCompile(`field (.*) not found in type .*`)
	wrongKind    = regexp.MustCompile("cannot unmarshal !!([a-z]+)( `.*`)? into .*") // the value may be a key
)

// yamlError says the first error in words, with the file and the line.
func yamlError(name string, err error) error {
	message := "it is neither YAML nor JSON: " + err.Error()
	if wrong, ok := errors.AsType[*yaml.TypeError](err); ok {
		message = unknownField.ReplaceAllString(wrong.Errors[0], `unknown field "$1"`)
		message = wrongKind.ReplaceAllString(message, "the field does not take this kind of value ($1)")
	}
	if before, rest, ok := strings.Cut(message, "line "); ok {
		line, rest, _ := strings.Cut(rest, ": ")
		return fmt.Errorf("%s:%s: %s%s", name, line, strings.TrimSuffix(before, "yaml: "), rest)
	}
	return fmt.Errorf("%s: %s", name, message)
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

// locate notes the place of each entry, for errors about it.
func (s *Seed) locate(file string, root *yaml.Node) {
	s.places = map[string]string{}
	var walk func(node *yaml.Node, path string)
	walk = func(node *yaml.Node, path string) {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		s.places[path] = fmt.Sprintf("%s:%d: %s", file, node.Line, path)
		for i, child := range node.Content {
			switch {
			case node.Kind == yaml.SequenceNode:
				walk(child, fmt.Sprintf("%s[%d]", path, i))
			case i%2 == 1:
				walk(child, strings.TrimPrefix(path+"."+node.Content[i-1].Value, "."))
			}
		}
	}
	walk(root, "")
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
