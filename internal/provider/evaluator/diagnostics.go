package evaluator

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// describeTaken names the evaluator that has the slug or the name of a new one. If the new one replaces another,
// Terraform ignores an import block, because the state has something at its address.
func (r *managedResource) describeTaken(holder *traceloop.Evaluator, request traceloop.EvaluatorRequest, replaces bool, outcome string) string {
	wanted := fmt.Sprintf("slug %q", request.Slug)
	if request.Slug == "" { // not the slug itself: if the name is a key by mistake, that is not masked
		wanted = fmt.Sprintf("slug that Traceloop makes from the name %q", request.Name)
	}
	switch {
	case holder == nil:
		return fmt.Sprintf("An evaluator exists already with the %s. Slugs are unique in the organization. %s Choose another slug. The data source traceloop_evaluators lists the evaluators.", wanted, outcome)
	case holder.Slug != slugOf(request):
		wanted = fmt.Sprintf("name %q, from which Traceloop makes the slug", request.Name)
	}
	detail := fmt.Sprintf("The %s has the %s. %s Choose another slug.", newModel(*holder).Describe(), wanted, outcome)
	switch {
	case !isOwn(*holder):
		return detail + " That evaluator is one of Traceloop's: to use it, no resource is needed."
	case r.Ledger.Has(handle(holder.ID)), r.Applied.Made.Has(holder.ID):
		return detail + " This configuration manages that evaluator. If it is tainted, terraform untaint ADDRESS keeps it. If you moved the resource block to another address, use a moved block:\n\n" + base.MovedBlock(typeName)
	}
	if replaces {
		detail += " Or let Terraform forget the old evaluator first, with terraform state rm ADDRESS. Then import that one,"
	} else {
		detail += " Or import that evaluator,"
	}
	return detail + " unless this configuration manages it. Write the address of this resource after \"to\":\n\n" + base.ImportBlock(typeName, base.Label(request.Name), holder.ID)
}

func (m model) forgotten() string {
	return fmt.Sprintf("Traceloop has no operation that deletes an evaluator. Terraform only removes the %s from the state. It stays in the organization, with the slug %q, and monitors can use it. "+
		"To manage it again, import it by its id.", m.Describe(), m.Slug.ValueString())
}

// placeholder is an input in a message.
var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// warnPlaceholders warns about placeholders without an input, and inputs without a placeholder.
func (m model) warnPlaceholders(diags *diag.Diagnostics) {
	var used, inputs []string
	for _, message := range base.Elements(m.Messages) {
		if message["content"].IsUnknown() {
			return
		}
		for _, match := range placeholder.FindAllStringSubmatch(message.Text("content"), -1) {
			used = append(used, match[1])
		}
	}
	for _, input := range base.Elements(m.InputSchema) {
		if input["name"].IsUnknown() {
			return
		}
		inputs = append(inputs, input.Text("name"))
	}
	if m.Messages.IsUnknown() || m.InputSchema.IsUnknown() {
		return
	}
	slices.Sort(used)
	for _, name := range slices.Compact(used) {
		if !slices.Contains(inputs, name) {
			diags.AddAttributeWarning(path.Root("messages"), "Placeholder Without Input", fmt.Sprintf(
				"The messages have the placeholder {{%s}}, and input_schema has no input of that name. The model would get no value for it. Add the input, or correct the placeholder.", name))
		}
	}
	for _, name := range inputs {
		if !slices.Contains(used, name) {
			diags.AddAttributeWarning(path.Root("input_schema"), "Unused Input", fmt.Sprintf(
				"No message has a placeholder for the input %q, so the model would not see it. Write {{%s}} into a message, or remove the input.", name, name))
		}
	}
}

// warnSlugless warns of an evaluator whose slug no answer has shown.
func (m model) warnSlugless(diags *diag.Diagnostics) {
	if m.Slug.IsNull() {
		diags.AddAttributeWarning(path.Root("slug"), "Evaluator Without a Slug", fmt.Sprintf(
			"No answer of Traceloop has shown the slug of the %s. A resource that refers to the slug gets null: for an auto monitor setup, Terraform calls that a null set value. "+
				"Look the slug up in the Traceloop dashboard, and write it into the auto monitor setup. Or let Terraform forget the evaluator (terraform state rm ADDRESS), and import it by its slug.", m.Describe()))
	}
}
