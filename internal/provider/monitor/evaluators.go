package monitor

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// named gives the organization's own evaluators their slugs. An answer may show them by their type;
// the list of evaluators has their ids.
func named(ctx context.Context, client *traceloop.ProjectClient, setup traceloop.AutoMonitorSetup) traceloop.AutoMonitorSetup {
	isTyped := func(e traceloop.AutoMonitorEvaluator) bool { return e.Slug == traceloop.TypeOwnEvaluator && e.ID != "" }
	if !slices.ContainsFunc(setup.Evaluators, isTyped) {
		return setup
	}
	all, _ := client.ListEvaluators(ctx, "") // without it, the types stay
	setup.Evaluators = slices.Clone(setup.Evaluators)
	for i, e := range setup.Evaluators {
		j := slices.IndexFunc(all, func(own traceloop.Evaluator) bool { return own.ID == e.ID && own.Slug != "" })
		if isTyped(e) && j >= 0 {
			setup.Evaluators[i].Slug = all[j].Slug
		}
	}
	return setup
}

// checkEvaluators warns about new slugs that the organization does not have, as far as known. If the plan
// replaces a setup, that is an error: the old one would be gone when the service refuses the new one.
func (r *managedResource) checkEvaluators(ctx context.Context, plan, state types.Set, replaced string, diags *diag.Diagnostics) {
	var slugs, before []types.String
	if plan.IsUnknown() || r.Ledger.IsWriting() {
		return
	}
	diags.Append(plan.ElementsAs(ctx, &slugs, false)...)
	diags.Append(state.ElementsAs(ctx, &before, false)...)
	slugs = slices.DeleteFunc(slugs, func(slug types.String) bool {
		return slug.IsUnknown() || slices.Contains(before, slug) || r.Monitors.PlannedEvaluators.Has(slug.ValueString())
	})
	if len(slugs) == 0 {
		return
	}
	warn := warnUnpublished
	if own, ok := r.ownList(ctx); ok {
		warn = func(slug string, diags *diag.Diagnostics) { addMissing(slug, own, replaced, diags) }
	}
	for _, slug := range slugs {
		warn(slug.ValueString(), diags)
	}
}

// ownList returns the slugs that the organization can use. It is false if the list cannot be read.
func (r *managedResource) ownList(ctx context.Context) (slugs []string, ok bool) {
	client := r.ProjectIfKnown()
	if client == nil {
		return nil, false
	}
	evaluators, err := client.ListEvaluators(ctx, "")
	if err != nil {
		return nil, false
	}
	isWhole := false
	for _, e := range evaluators {
		slugs = append(slugs, e.Slug)
		isWhole = isWhole || slices.Contains(traceloop.PublishedEvaluators, e.Slug)
	}
	if !isWhole { // the service lists only the organization's own
		slugs = append(slugs, traceloop.PublishedEvaluators...)
	}
	return slugs, true
}

func addMissing(slug string, own []string, replaced string, diags *diag.Diagnostics) {
	if slices.Contains(own, slug) {
		return
	}
	add, outcome := diags.AddAttributeWarning, "Otherwise the service refuses it."
	if replaced != "" {
		add = diags.AddAttributeError
		outcome = fmt.Sprintf("This plan replaces the %s. It would be deleted, and the service would refuse the new one. Nothing was changed. %s", replaced, base.RefreshHint)
	}
	add(path.Root("evaluators"), "Unknown Evaluator", fmt.Sprintf(
		"%q is not among the evaluators that Traceloop lists for the organization of the project key.%s%s If this configuration creates it, refer to its resource, such as traceloop_evaluator.example.slug. %s",
		slug, base.DidYouMean(slug, own), describePublished(slug), outcome))
}

// warnUnpublished goes by Traceloop's documentation, because the organization's list is not known.
func warnUnpublished(slug string, diags *diag.Diagnostics) {
	about := describePublished(slug)
	switch {
	case about != "":
		diags.AddAttributeWarning(path.Root("evaluators"), "Evaluator May Not Be Available", fmt.Sprintf(
			"The provider cannot read the organization's list of evaluators, so it does not know whether that has %q.%s If the organization does not have it, the service refuses it.", slug, about))
	case !slices.Contains(traceloop.PublishedEvaluators, slug):
		diags.AddAttributeWarning(path.Root("evaluators"), "Evaluator Is Not in the Published List", fmt.Sprintf(
			"%q is not in the list that Traceloop published on %s.%s If it is your organization's own evaluator, or newer than the list, ignore this warning. Otherwise the service refuses it.",
			slug, traceloop.EvaluatorsPublished, base.DidYouMean(slug, traceloop.PublishedEvaluators)))
	}
}

// describePublished says what is special about a slug in Traceloop's documentation.
func describePublished(slug string) string {
	switch {
	case slices.Contains(traceloop.SaaSEvaluators, slug):
		return " Traceloop's documentation marks it as \"SaaS only\": a Traceloop on your own servers does not have it."
	case slices.Contains(traceloop.UnlistedEvaluators, slug):
		return " Traceloop publishes an operation that runs it, but its page of evaluator slugs does not list it."
	}
	return ""
}
