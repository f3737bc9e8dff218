// Package contract has the documents of Traceloop's API that this project goes by, and the few values
// of theirs that client, provider and emulator share. There are three layers: what Traceloop
// publishes, how the service was seen to answer, and what this project assumes.
package contract

import "embed"

// Assumed is the OpenAPI document of the operations that this project assumes, in YAML.
//
//go:embed assumed.yaml
var Assumed []byte

// Seen is the OpenAPI document of the operations that are only seen in Traceloop's released SDKs, in
// YAML.
//
//go:embed seen.yaml
var Seen []byte

// Published are copies of Traceloop's own documents: its OpenAPI document, openapi.json, and pages.
//
//go:embed published/openapi.json published/*.mdx
var Published embed.FS

// BuiltInEnvironments are the names, and slugs, of the organization-level environments that every
// organization has. Published.
var BuiltInEnvironments = []string{"dev", "stg", "prd"}

// MaskedKey is the form of a masked key: stars between its prefix and its last characters. Assumed.
const MaskedKey = `^([A-Za-z0-9]+_)?\*+[A-Za-z0-9]{0,4}$`

// The limits of numbers in requests.
const (
	MaxPage     = 100 // items of a page; assumed
	DefaultPage = 50  // assumed
	MaxName     = 255 // characters of a name; assumed
	MaxBulk     = 100 // items of a bulk upsert; published

	MinRetentionHours = 1   // published
	MaxRetentionHours = 720 // published
)

// The sources of a rule of a selector. Published.
const (
	SourceSpan     = "span_attributes"
	SourceResource = "resource_attributes"
)

// Operand is what an operator compares an attribute with: the field of the rule that it needs.
type Operand string

// The operands. A rule has only the field that its operator needs.
const (
	OneValue   Operand = "value"
	ManyValues Operand = "values"
	NoValue    Operand = ""
)

// Operator is an operator of a rule of a selector.
type Operator struct {
	Name    string
	Operand Operand
	Means   string // in Markdown, about the attribute
}

// The names of the operators.
const (
	Equals      = "equals"
	NotEquals   = "not_equals"
	Contains    = "contains"
	NotContains = "not_contains"
	In          = "in"
	NotIn       = "not_in"
	Exists      = "exists"
	NotExists   = "not_exists"
)

// Operators are the operators of a selector's rules. Equals is the one that a rule has if it names
// none. Published.
var Operators = []Operator{
	{Equals, OneValue, "the attribute equals `value`"},
	{NotEquals, OneValue, "the attribute differs from `value`"},
	{Contains, OneValue, "the attribute contains `value`"},
	{NotContains, OneValue, "the attribute does not contain `value`"},
	{In, ManyValues, "the attribute is one of `values`"},
	{NotIn, ManyValues, "the attribute is not one of `values`"},
	{Exists, NoValue, "the attribute exists"},
	{NotExists, NoValue, "the attribute does not exist"},
}

// FindOperator returns the operator with the name.
func FindOperator(name string) (o Operator, found bool) {
	for _, o := range Operators {
		if o.Name == name {
			return o, true
		}
	}
	return o, false
}
