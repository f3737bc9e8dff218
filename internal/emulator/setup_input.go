package emulator

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/traceloop/terraform-provider-traceloop/internal/contract"
)

// setupInput is a setup in a request. evaluators is nil if the request does not contain them.
type setupInput struct {
	externalID  string
	evaluators  []string
	raw         json.RawMessage // the selector
	selector    []Rule
	hasSelector bool
}

// fields returns the targets for decodeObject. An update has the external id in its path.
func (in *setupInput) fields(externalID bool) fields {
	f := fields{"evaluators": &in.evaluators, "selector": &in.raw}
	if externalID {
		f["external_id"] = &in.externalID
	}
	return f
}

func (in *setupInput) check(creates bool) error {
	switch {
	case in.externalID == "":
		return errors.New("external_id is required")
	case creates && (in.externalID == "." || in.externalID == ".." || strings.Contains(in.externalID, "/")):
		return errors.New(`external_id must not contain "/", nor be "." or "..", because it is an element of a path`)
	case creates && len(in.evaluators) == 0, in.evaluators != nil && len(in.evaluators) == 0:
		return errors.New("evaluators must contain at least one item")
	}
	for i, slug := range in.evaluators {
		switch {
		case slug == "":
			return errors.New("an evaluator slug is empty")
		case slices.Contains(in.evaluators[:i], slug):
			return fmt.Errorf("evaluator slug %q occurs twice", slug)
		}
	}
	if in.raw != nil {
		var err error
		if in.selector, err = decodeSelector(in.raw); err != nil {
			return err
		}
		in.hasSelector = true
	}
	for i, rule := range in.selector {
		if err := rule.check(); err != nil {
			return fmt.Errorf("selector[%d]: %w", i, err)
		}
	}
	return nil
}

// documents returns what the database has in JSON, and nothing for what the request does not have. It
// refuses unknown evaluators.
func (in *setupInput) documents(tx *sql.Tx) (slugs, rules *string, err error) {
	for _, slug := range in.evaluators {
		if err := checkEvaluator(tx, slug); err != nil {
			return nil, nil, err
		}
	}
	if in.evaluators != nil {
		slugs = new(inJSON(in.evaluators))
	}
	if in.hasSelector {
		rules = new(inJSON(append([]Rule{}, in.selector...)))
	}
	return slugs, rules, nil
}

// decodeSelector reads a list of rules, as on the pages, or a map of span attributes, as in the
// OpenAPI document.
func decodeSelector(raw json.RawMessage) ([]Rule, error) {
	var attributes map[string]any
	if json.Unmarshal(raw, &attributes) == nil {
		var rules []Rule
		for _, key := range slices.Sorted(maps.Keys(attributes)) {
			value, err := attributeValue(attributes[key])
			if err != nil {
				return nil, fmt.Errorf("selector: %q %w", key, err)
			}
			rules = append(rules, Rule{Key: key, Value: &value, Source: contract.SourceSpan, Operator: contract.Equals})
		}
		return rules, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("selector must be a list of rules or a map of attributes")
	}
	rules := make([]Rule, len(list))
	for i, data := range list {
		rules[i].Operator = contract.Equals
		if err := decodeObject(data, fieldsOf(&rules[i])); err != nil {
			return nil, fmt.Errorf("selector[%d]: %w", i, err)
		}
	}
	return rules, nil
}

func attributeValue(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case bool:
		return strconv.FormatBool(value), nil
	case float64:
		return inJSON(value), nil
	}
	return "", errors.New("must be a string, a number, or true or false")
}
