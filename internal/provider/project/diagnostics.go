package project

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

// describeEnvironments names the environments that are deleted with a project, except built-in ones.
func (r *managedResource) describeEnvironments(ctx context.Context, projectID string) string {
	client := r.ManagementIfKnown()
	if client == nil {
		return ""
	}
	var names []string
	for environment, err := range client.ListEnvironments(ctx, traceloop.EnvironmentFilter{ProjectID: projectID}) {
		if err != nil {
			return "" // the warning about the keys says what is wrong
		}
		if environment.ProjectID == projectID && !environment.BuiltIn {
			names = append(names, fmt.Sprintf("%q", environment.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "Its own environments are deleted too: " + strings.Join(names, ", ") + ". "
}

// addTaken explains a conflict, with the project that has the name.
func (r *managedResource) addTaken(ctx context.Context, client *traceloop.Client, diags *diag.Diagnostics, summary, name, outcome string) {
	holder, _ := findHolder(client.ListProjects(ctx), name, "")
	diags.AddAttributeError(path.Root("name"), summary, r.describeTaken(holder, name, outcome))
}

// describeTaken names the project that has a name. It shows a block to import the project, unless this
// configuration manages it. "holder" is nil if it is not known.
func (r *managedResource) describeTaken(holder *traceloop.Project, name, outcome string) string {
	if holder == nil {
		return fmt.Sprintf("The name %q is taken. Project names are unique in the organization. %s The provider does not find the project that has the name. "+
			"Perhaps that project has just given it up: apply again. Otherwise choose another name.", name, outcome)
	}
	id := holder.ID
	detail := fmt.Sprintf("A project named %q already exists (id %s). Project names are unique in the organization. %s ", name, id, outcome)
	const later = "a second apply may be needed: the first one frees the name. If two projects swap their names, give one of them a name in between first. " + base.NotFirst + ". "
	if r.Ledger.Has(handle(id)) {
		return detail + "An object of this configuration has the name now. If that object is tainted, apply replaces it, unless it is protected. To keep it, use terraform untaint ADDRESS. If that object gives the name up in the same plan, " + later + "Otherwise choose another name."
	}
	return detail + "Choose another name. If an object of this configuration has the name now and gives it up in the same plan, " + later +
		"Or import the existing project, unless this configuration manages it. If the state has another one at this address, first use terraform state rm ADDRESS. Write the address of this resource after \"to\":\n\n" + base.ImportBlock(typeName, base.Label(name), id)
}
