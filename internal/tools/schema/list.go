package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// An entry is one line of the list of all that a configuration can use: an object, or one attribute of it.
type entry struct {
	object, attribute, says string
}

func (e entry) String() string {
	return strings.TrimSuffix(e.object+"."+e.attribute, ".") + ": " + e.says
}

// list has a line for each object and each attribute, without the descriptions: what a release promises to keep.
func list(s providerSchema) []entry {
	var all []entry
	addBlock := func(object string, s schema) {
		all = append(all, entry{object: object, says: fmt.Sprintf("version %d", s.Version)})
		all = append(all, entriesOf(object, "", s.Block)...)
	}
	addBlock("provider", *s.Provider)
	for kind, schemas := range map[string]map[string]schema{
		"resource": s.Resources, "data source": s.DataSources, "ephemeral resource": s.EphemeralResources,
		"list resource": s.ListResources, "action": s.Actions,
	} {
		for name, schema := range schemas {
			addBlock(kind+" "+name, schema)
		}
	}
	for name, id := range s.Identities {
		object := "identity " + name
		all = append(all, entry{object: object, says: fmt.Sprintf("version %d", id.Version)})
		for attribute, a := range id.Attributes {
			all = append(all, entry{object, attribute, words(a.Type, map[string]bool{"required": a.RequiredForImport, "optional": a.OptionalForImport})})
		}
	}
	for name, f := range s.Functions {
		var parameters []string
		for _, p := range f.Parameters {
			parameters = append(parameters, words(p.Type, map[string]bool{"nullable": p.Nullable}))
		}
		if f.Variadic != nil {
			parameters = append(parameters, words(f.Variadic.Type, map[string]bool{"variadic": true, "nullable": f.Variadic.Nullable}))
		}
		says := "(" + strings.Join(parameters, "; ") + ") " + words(f.ReturnType, map[string]bool{"deprecated": f.DeprecationMessage != ""})
		all = append(all, entry{object: "function " + name, says: says})
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.String(), b.String()) })
	return all
}

func entriesOf(object, path string, b *block) []entry {
	all := attributesOf(object, path, b.Attributes)
	for name, nested := range b.Blocks {
		all = append(all, entry{object, path + name, fmt.Sprintf("block, %s, %d to %d", nested.Nesting, nested.MinItems, nested.MaxItems)})
		all = append(all, entriesOf(object, path+name+".", nested.Block)...)
	}
	return all
}

func attributesOf(object, path string, attributes map[string]attribute) []entry {
	var all []entry
	for name, a := range attributes {
		properties := map[string]bool{
			"required": a.Required, "optional": a.Optional, "computed": a.Computed,
			"sensitive": a.Sensitive, "write-only": a.WriteOnly, "deprecated": a.Deprecated,
		}
		if a.NestedType == nil {
			all = append(all, entry{object, path + name, words(a.Type, properties)})
			continue
		}
		all = append(all, entry{object, path + name, "nested, " + a.NestedType.Nesting + ", " + words(nil, properties)})
		all = append(all, attributesOf(object, path+name+".", a.NestedType.Attributes)...)
	}
	return all
}

// words are a type and the properties that hold.
func words(of tftypes.Type, properties map[string]bool) string {
	var parts []string
	if of != nil {
		data, err := json.Marshal(of)
		if err != nil {
			panic(err) // a type of the framework has a JSON form
		}
		parts = append(parts, string(data))
	}
	for _, property := range slices.Sorted(maps.Keys(properties)) {
		if properties[property] {
			parts = append(parts, property)
		}
	}
	return strings.Join(parts, ", ")
}

// untold are the differences between two lists that no text names. Naming a new or a removed object is enough for all of
// its attributes.
func untold(before, after []string, text string) []string {
	var found []string
	for _, side := range [][2][]string{{before, after}, {after, before}} {
		for _, line := range side[0] {
			if slices.Contains(side[1], line) {
				continue
			}
			object, attribute := split(line)
			names := []string{object[strings.LastIndex(object, " ")+1:]}
			if slices.ContainsFunc(side[1], func(other string) bool { same, _ := split(other); return same == object }) && attribute != "" {
				names = append(names, attribute[strings.LastIndex(attribute, ".")+1:])
			}
			if slices.ContainsFunc(names, func(name string) bool { return !named(text, name) }) {
				found = append(found, line)
			}
		}
	}
	slices.Sort(found)
	return found
}

// split takes the object and the attribute from a line.
func split(line string) (object, attribute string) {
	head, _, _ := strings.Cut(line, ": ")
	object, attribute, _ = strings.Cut(head, ".")
	return object, attribute
}

// named reports whether a text has a name as a word of its own.
func named(text, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(text)
}
