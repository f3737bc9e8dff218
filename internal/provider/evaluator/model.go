package evaluator

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// model is an evaluator as the service describes it. The resource and the data sources share it.
type model struct {
	ID               types.String `tfsdk:"id"`
	Slug             types.String `tfsdk:"slug"`
	Name             types.String `tfsdk:"name"`
	Description      types.String `tfsdk:"description"`
	LLMProvider      types.String `tfsdk:"llm_provider"`
	Model            types.String `tfsdk:"model"`
	Messages         types.List   `tfsdk:"messages"`
	InputSchema      types.List   `tfsdk:"input_schema"`
	OutputSchema     types.List   `tfsdk:"output_schema"`
	Temperature      types.Number `tfsdk:"temperature"`
	TopP             types.Number `tfsdk:"top_p"`
	MaxTokens        types.Number `tfsdk:"max_tokens"`
	FrequencyPenalty types.Number `tfsdk:"frequency_penalty"`
	PresencePenalty  types.Number `tfsdk:"presence_penalty"`
	Stop             types.List   `tfsdk:"stop"`
	Type             types.String `tfsdk:"type"`
	Version          types.String `tfsdk:"version"`
	CreatedAt        types.String `tfsdk:"created_at"`
	UpdatedAt        types.String `tfsdk:"updated_at"`
}

// dataModel is an evaluator in a data source. Only there it can be one of Traceloop's.
type dataModel struct {
	model
	Source types.String `tfsdk:"source"`
}

var (
	messageType  = types.ObjectType{AttrTypes: map[string]attr.Type{"role": types.StringType, "content": types.StringType}}
	propertyType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"name": types.StringType, "type": types.StringType, "description": types.StringType, "enum_values": types.ListType{ElemType: types.StringType},
	}}
)

// newModel is an evaluator of which nothing is known but the answer.
func newModel(e traceloop.Evaluator) model {
	return model{
		Messages: types.ListNull(messageType), InputSchema: types.ListNull(propertyType), OutputSchema: types.ListNull(propertyType), Stop: types.ListNull(types.StringType),
	}.answered(e)
}

func newDataModel(e traceloop.Evaluator) dataModel {
	return dataModel{model: newModel(e), Source: base.TextOr(e.Source, types.StringNull())}
}

// answered is the evaluator as the service describes it. What the answer leaves out stays as it was.
func (m model) answered(e traceloop.Evaluator) model {
	isNew := m.ID.IsNull() // it is imported, or read by a data source
	before := m.request()
	m.ID = types.StringValue(e.ID)
	m.Slug = base.TextOr(e.Slug, m.Slug)
	m.Name = base.TextOr(e.Name, m.Name)
	m.Type = base.TextOr(e.Type, m.Type)
	m.Version = base.TextOr(e.Version, m.Version)
	m.InputSchema = propertyList(e.InputSchema, before.InputSchema, m.InputSchema)
	m.OutputSchema = propertyList(e.OutputSchema, before.OutputSchema, m.OutputSchema)
	m.CreatedAt = base.TimeOr(e.CreatedAt, m.CreatedAt)
	m.UpdatedAt = base.TimeOr(e.UpdatedAt, m.UpdatedAt)
	if e.Description != nil {
		m.Description = base.TextOr(*e.Description, types.StringNull())
	}
	if c := e.Config; c != nil {
		m.LLMProvider = base.TextOr(c.Provider, m.LLMProvider)
		m.Model = base.TextOr(c.Model, m.Model)
		m.Messages = messageList(c.Messages, before.Messages, m.Messages)
		m.Temperature = number(c.Temperature, m.Temperature, isNew)
		m.TopP = number(c.TopP, m.TopP, isNew)
		m.FrequencyPenalty = number(c.FrequencyPenalty, m.FrequencyPenalty, isNew)
		m.PresencePenalty = number(c.PresencePenalty, m.PresencePenalty, isNew)
		m.MaxTokens = number(c.MaxTokens, m.MaxTokens, isNew)
		if c.Stop != nil {
			m.Stop = base.TextList(c.Stop)
		}
	}
	return m
}

// number keeps null if the answer has 0: a service may write a number that is not set like that. It also
// keeps the digits that the answer has no room for.
func number[T int64 | float64](answer *T, before types.Number, isNew bool) types.Number {
	was := base.Float(before)
	if before.IsNull() && !isNew {
		was = new(float64)
	}
	if answer == nil || was != nil && *was == float64(*answer) {
		return before
	}
	return base.NumberOf(float64(*answer))
}

// difference is an argument that the service stores in another form than it was requested in: a text without the line
// break at its end, or a number that it chose because none is set.
type difference struct{ Requested, Stored string }

const differencesKey = "differences" // in the private state

// isForm reports whether the service stores in another form what was requested, and not something else: it may differ in
// white space and case, and anything may come where nothing is set. What was there before is no choice of the service:
// it did not take that back.
func isForm(requested, stored, before attr.Value) bool {
	plain := func(v attr.Value) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(v.String(), `\n`, " ")), "")
	}
	if requested.IsNull() {
		return !stored.Equal(before)
	}
	return strings.EqualFold(plain(requested), plain(stored))
}

// noteDifferences notes what the answer to a write has in another form.
func noteDifferences(ctx context.Context, private base.PrivateState, requested, answer, before model, diags *diag.Diagnostics) {
	noted, answered, was := map[string]difference{}, answer.arguments(), before.arguments()
	for i, a := range requested.arguments() {
		if stored := answered[i].Value; !a.Value.Equal(stored) && isForm(a.Value, stored, was[i].Value) {
			noted[a.Name] = difference{a.Value.String(), stored.String()}
		}
	}
	encoded, _ := json.Marshal(noted) //nolint:errchkjson // texts cannot fail
	diags.Append(private.SetKey(ctx, differencesKey, encoded)...)
}

// keepRequested keeps what was requested while the service stores what it made of that. Otherwise each plan would change
// it again. The slug is not kept: auto monitor setups need the one that the service has.
func keepRequested(ctx context.Context, private base.PrivateState, m *model, before model, diags *diag.Diagnostics) {
	encoded, readDiags := private.GetKey(ctx, differencesKey)
	diags.Append(readDiags...)
	var noted map[string]difference
	_ = json.Unmarshal(encoded, &noted) // without a note, nothing differs
	read := m.arguments()
	keeps := map[string]bool{}
	for i, a := range before.arguments() {
		d, found := noted[a.Name]
		keeps[a.Name] = found && d == difference{a.Value.String(), read[i].Value.String()}
	}
	keep(keeps["name"], &m.Name, before.Name)
	keep(keeps["description"], &m.Description, before.Description)
	keep(keeps["llm_provider"], &m.LLMProvider, before.LLMProvider)
	keep(keeps["model"], &m.Model, before.Model)
	keep(keeps["messages"], &m.Messages, before.Messages)
	keep(keeps["input_schema"], &m.InputSchema, before.InputSchema)
	keep(keeps["output_schema"], &m.OutputSchema, before.OutputSchema)
	keep(keeps["temperature"], &m.Temperature, before.Temperature)
	keep(keeps["top_p"], &m.TopP, before.TopP)
	keep(keeps["max_tokens"], &m.MaxTokens, before.MaxTokens)
	keep(keeps["frequency_penalty"], &m.FrequencyPenalty, before.FrequencyPenalty)
	keep(keeps["presence_penalty"], &m.PresencePenalty, before.PresencePenalty)
	keep(keeps["stop"], &m.Stop, before.Stop)
}

func keep[T any](keeps bool, into *T, was T) {
	if keeps {
		*into = was
	}
}

// messageList completes messages with what they were before, by their position.
func messageList(answer, before []traceloop.EvaluatorMessage, list types.List) types.List {
	if len(answer) == 0 {
		return list
	}
	elements := make([]attr.Value, len(answer))
	for i, message := range answer {
		if len(before) == len(answer) {
			message.Role, message.Content = cmp.Or(message.Role, before[i].Role), cmp.Or(message.Content, before[i].Content)
		}
		elements[i] = types.ObjectValueMust(messageType.AttrTypes, map[string]attr.Value{
			"role": base.TextOr(message.Role, types.StringNull()), "content": base.TextOr(message.Content, types.StringNull()),
		})
	}
	return base.ListOf(messageType, elements)
}

// propertyList completes properties with what they were before, by their names.
func propertyList(answer, before []traceloop.EvaluatorProperty, list types.List) types.List {
	if len(answer) == 0 {
		return list
	}
	elements := make([]attr.Value, len(answer))
	for i, property := range answer {
		was := traceloop.EvaluatorProperty{}
		if j := slices.IndexFunc(before, func(p traceloop.EvaluatorProperty) bool { return p.Name == property.Name }); j >= 0 {
			was = before[j]
		}
		if property.Type == "" || property.Type == was.Type {
			property.Type = was.Type
			if property.EnumValues == nil {
				property.EnumValues = was.EnumValues
			}
		}
		elements[i] = types.ObjectValueMust(propertyType.AttrTypes, map[string]attr.Value{
			"name": types.StringValue(property.Name), "type": base.TextOr(property.Type, types.StringNull()),
			"description": base.TextOr(cmp.Or(property.Description, was.Description), types.StringNull()), "enum_values": base.TextList(property.EnumValues),
		})
	}
	return base.ListOf(propertyType, elements)
}

// request converts what can be set.
func (m model) request() traceloop.EvaluatorRequest {
	r := traceloop.EvaluatorRequest{
		Name: m.Name.ValueString(), Slug: m.Slug.ValueString(), Description: m.Description.ValueString(),
		Provider: m.LLMProvider.ValueString(), InputSchema: properties(m.InputSchema), OutputSchema: properties(m.OutputSchema),
		LLM: traceloop.LLM{
			Model: m.Model.ValueString(), Temperature: base.Float(m.Temperature), TopP: base.Float(m.TopP), MaxTokens: m.maxTokens(),
			FrequencyPenalty: base.Float(m.FrequencyPenalty), PresencePenalty: base.Float(m.PresencePenalty), Stop: base.Texts(m.Stop),
		},
	}
	for _, message := range base.Elements(m.Messages) {
		r.Messages = append(r.Messages, traceloop.EvaluatorMessage{Role: message.Text("role"), Content: message.Text("content")})
	}
	return r
}

func properties(list types.List) (all []traceloop.EvaluatorProperty) {
	for _, property := range base.Elements(list) {
		all = append(all, traceloop.EvaluatorProperty{
			Name: property.Text("name"), Type: property.Text("type"), Description: property.Text("description"), EnumValues: base.Texts(property["enum_values"]),
		})
	}
	return all
}

// arguments are what a configuration can set and an answer can show.
func (m model) arguments() []base.Argument {
	return []base.Argument{
		{Name: "name", Value: m.Name},
		{Name: "slug", Value: m.Slug},
		{Name: "description", Value: m.Description},
		{Name: "llm_provider", Value: m.LLMProvider},
		{Name: "model", Value: m.Model},
		{Name: "messages", Value: m.Messages},
		{Name: "input_schema", Value: m.InputSchema},
		{Name: "output_schema", Value: m.OutputSchema},
		{Name: "temperature", Value: m.Temperature},
		{Name: "top_p", Value: m.TopP},
		{Name: "max_tokens", Value: m.MaxTokens},
		{Name: "frequency_penalty", Value: m.FrequencyPenalty},
		{Name: "presence_penalty", Value: m.PresencePenalty},
		{Name: "stop", Value: m.Stop},
	}
}

// Describe names the object in a sentence.
func (m model) Describe() string {
	return fmt.Sprintf("evaluator %q (id %s)", m.Name.ValueString(), m.ID.ValueString())
}

// isOwn reports whether an evaluator is the organization's own.
func isOwn(e traceloop.Evaluator) bool {
	if e.Source == "" {
		return !slices.Contains(traceloop.PublishedEvaluators, e.Slug)
	}
	return e.Source == traceloop.EvaluatorCustom
}

// maxTokens is nil where Traceloop chooses.
func (m model) maxTokens() *int64 {
	if m.MaxTokens.IsNull() {
		return nil
	}
	return new(base.Whole(m.MaxTokens))
}

// loss is what a destroy means.
const loss = "Traceloop has no operation that deletes an evaluator: Terraform would only forget it, and its slug would stay taken"

func handle(id string) base.Handle { return base.HandleOf("evaluator", id) }

// slugPlace is a slug, which only one evaluator of an organization can have.
func slugPlace(slug string) base.Handle { return base.HandleOf("evaluator_slug", slug) }

// slugOf is the slug of a new evaluator. Without one in the configuration, the service makes one from
// the name, and the provider assumes its rule for environments. It is empty if that makes none.
func slugOf(r traceloop.EvaluatorRequest) string { return cmp.Or(r.Slug, traceloop.Slug(r.Name)) }

// place is where a new evaluator will be.
func place(r traceloop.EvaluatorRequest) base.Handle {
	if slug := slugOf(r); slug != "" {
		return slugPlace(slug)
	}
	return base.HandleOf("evaluator_name", r.Name)
}

func (m model) object(token string) base.Object {
	return base.Object{Handle: handle(m.ID.ValueString()), Place: place(m.request()), Token: token, Type: typeName, Name: m.Describe()}
}

// leaving is the evaluator for Ledger.Destroy. It frees no place, because Traceloop keeps it.
func (m model) leaving(token string) base.Object {
	o := m.object(token)
	o.Place = o.Handle
	return o
}
