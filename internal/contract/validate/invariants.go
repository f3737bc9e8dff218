package validate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// OrderError says that a list is not in the order of x-order, and else as it should be.
type OrderError struct{ message string }

func (e *OrderError) Error() string { return e.message }

// Invariants checks what an operation says about the items of a list: x-unique and x-order.
func Invariants(operation *openapi3.Operation, status int, body []byte) error {
	if operation.Extensions["x-unique"] == nil && operation.Extensions["x-order"] == nil || status != http.StatusOK {
		return nil
	}
	items, err := Items(body)
	if err != nil {
		return err
	}
	sets, _ := operation.Extensions["x-unique"].([]any)
	for _, set := range sets {
		if err := unique(items, set); err != nil {
			return err
		}
	}
	if name, ok := operation.Extensions["x-order"].(string); ok {
		for i := 1; i < len(items); i++ {
			if moment(items[i][name]).Before(moment(items[i-1][name])) {
				return &OrderError{fmt.Sprintf("item %d has a smaller %s than the one before it", i, name)}
			}
		}
	}
	return nil
}

func moment(value any) time.Time {
	text, _ := value.(string)
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // the schema refuses it
	}
	return parsed
}

func unique(items []map[string]any, set any) error {
	names, _ := set.([]any)
	seen := map[string]int{}
	for i, item := range items {
		values := make([]any, 0, len(names))
		for _, name := range names {
			values = append(values, item[fmt.Sprint(name)])
		}
		key, err := json.Marshal(values)
		if err != nil {
			return err
		}
		if first, twice := seen[string(key)]; twice {
			return fmt.Errorf("items %d and %d have the same %s", first, i, strings.Trim(fmt.Sprint(names), "[]"))
		}
		seen[string(key)] = i
	}
	return nil
}

// Items returns the items of a list, which is an array, or the only array in an object.
func Items(body []byte) (items []map[string]any, err error) {
	if json.Unmarshal(body, &items) == nil {
		return items, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	for _, member := range members {
		if json.Unmarshal(member, &items) == nil {
			return items, nil
		}
	}
	return nil, errors.New("it has no list")
}
