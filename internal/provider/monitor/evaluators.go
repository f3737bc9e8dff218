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

// named gives the organization's own evaluators their slugs, because an answer may show them by their type. Their
// ids are in the list of evaluators. If that cannot be read, they are those that were requested and are not shown.
func named(ctx context.Context, client *traceloop.ProjectClient, setup traceloop.AutoMonitorSetup, requested types.Set) traceloop.AutoMonitorSetup {
	isTyped := func(e traceloop.AutoMonitorEvaluator) bool { return e.Slug == traceloop.TypeOwnEvaluator }
	if !slices.ContainsFunc(setup.Evaluators, isTyped) {
		return setup
	}
	all, _ := client.ListEvaluators(ctx, "")
	setup.Evaluators = slices.Clone(setup.Evaluators)
	missing, typed := base.Texts(requested), 0
	for i, e := range setup.Evaluators {
		j := slices.IndexFunc(all, func(own traceloop.Evaluator) bool { return own.ID == e.ID && own.Slug != "" })
		if isTyped(e) && j >= 0 {
			setup.Evaluators[i].Slug = all[j].Slug
		}
		if isTyped(setup.Evaluators[i]) {
			typed++
		}
		missing = slices.DeleteFunc(missing, func(slug string) bool { return slug == setup.Evaluators[i].Slug })
	}
	for i := range setup.Evaluators {
		if isTyped(setup.Evaluators[i]) && typed == len(missing) {
			setup.Evaluators[i].Slug, missing, typed = missing[0], missing[1:], typed-1
		}
	}
	return setup
}

// checkEvaluators warns about new slugs that the organization does not have, as far as known. If the plan
// replaces a setup, that is an error: the old one would be gone when the service refuses the new one.
func (r *managedResource) checkEvaluators(ctx context.Context, plan, state types.Set, replaced string, diags *diag.Diagnostics) {
	slugs := slices.DeleteFunc(base.Texts(plan), func(slug string) bool {
		return slug == "" || slices.Contains(base.Texts(state), slug) || r.PlannedEvaluators.Has(slug) // "" is not known yet
	})
	if len(slugs) == 0 || r.Ledger.IsWriting() {
		return
	}
	add, another, outcome := diags.AddAttributeWarning, "ignore this warning.", "If the organization does not have it, the service refuses it."
	list := "is not among the evaluators that Traceloop lists for the organization of the project key."
	known, isWhole := r.ownList(ctx)
	switch {
	case isWhole && replaced != "":
		add, another = diags.AddAttributeError, "first apply that evaluator alone, with -target=traceloop_evaluator.example."
		outcome = fmt.Sprintf("This plan replaces the %s. It would be deleted, and the service would refuse the new one. Nothing was changed. %s", replaced, base.RefreshHint)
	case !isWhole:
		known = traceloop.PublishedEvaluators
		list = fmt.Sprintf("may not be among the organization's evaluators. The provider cannot read their list, so it goes by the list that Traceloop published on %s.", traceloop.EvaluatorsPublished)
	}
	for _, slug := range slugs {
		about := describePublished(slug)
		if slices.Contains(known, slug) && (isWhole || about == "") {
			continue
		}
		add(path.Root("evaluators"), "Unknown Evaluator", fmt.Sprintf(
			"%q %s%s%s If this configuration creates it, refer to its resource, such as traceloop_evaluator.example.slug. "+
				"A plan does not see what another provider block creates: if such a block creates it, %s %s", slug, list, base.DidYouMean(slug, known), about, another, outcome))
	}
}

// ownList returns the slugs that the organization can use. It is false if the list cannot be read.
func (r *managedResource) ownList(ctx context.Context) (slugs []string, ok bool) {
	client := r.ProjectIfKnown()
	if client == nil {
		return nil, false
	}
	evaluators, err := client.ListEvaluators(ctx, "")
	isPublished := func(slug string) bool { return slices.Contains(traceloop.PublishedEvaluators, slug) }
	for _, e := range evaluators {
		slugs = append(slugs, e.Slug)
	}
	if !slices.ContainsFunc(slugs, isPublished) { // the service lists only the organization's own
		slugs = append(slugs, traceloop.PublishedEvaluators...)
	}
	return slugs, err == nil
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
