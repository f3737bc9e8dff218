package monitor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/traceloop/terraform-provider-traceloop/internal/provider/base"
	"github.com/traceloop/terraform-provider-traceloop/internal/traceloop"
)

const (
	defaultWaitTimeout = 5 * time.Minute
	firstPoll          = time.Second
	longestPoll        = 10 * time.Second
)

func parseWaitTimeout(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration such as 90s or 10m", s)
	case d < time.Second || d > time.Hour:
		return 0, fmt.Errorf("%s is not between 1s and 1h", s)
	}
	return d, nil
}

// waitForStatus waits for the status in wait_for, and warns if the setup failed. It adds no
// errors, because the setup exists already.
func (r *managedResource) waitForStatus(ctx context.Context, client *traceloop.ProjectClient, m *resourceModel, diags *diag.Diagnostics) {
	defer func() { m.warnFailed(diags) }()
	if m.WaitFor.IsNull() {
		return
	}
	timeout := defaultWaitTimeout
	if value, err := parseWaitTimeout(m.WaitTimeout.ValueString()); err == nil {
		timeout = value
	}
	began, interval := r.Now(), firstPoll
	for !hasReached(m.WaitFor.ValueString(), m.Status.ValueString()) {
		waited := r.Now().Sub(began)
		if waited >= timeout {
			r.warnStillWaiting(*m, timeout, diags)
			return
		}
		if err := r.Sleep(ctx, min(interval, timeout-waited)); err != nil {
			return // the run was interrupted; the state has the setup
		}
		interval = min(2*interval, longestPoll)
		r.Monitors.Freshen(r.Now(), firstPoll/2, client)
		setup, err := client.GetAutoMonitorSetup(ctx, m.ExternalID.ValueString(), m.EnvProjectID.ValueString())
		if traceloop.IsNotFound(err) && r.Now().Sub(began) < timeout {
			continue // the service may not show a new setup yet
		}
		if err != nil {
			diags.AddWarning("Unable to Read Auto Monitor Setup Status", r.ProjectFailure("read the status of the "+m.Describe(), err)+
				"\n\nThe service accepted the setup, and the state has it. Only its status is not known. The next plan reads it.")
			return
		}
		if setup.Status != m.Status.ValueString() {
			tflog.Info(ctx, "Auto monitor setup has a new status", map[string]any{
				"external_id": setup.ExternalID, "status": setup.Status, "before": m.Status.ValueString(), "waits_for": m.WaitFor.ValueString(),
			})
		}
		m.wrote(named(ctx, client, *setup, m.Evaluators), new(diag.Diagnostics))
	}
}

// hasReached reports whether the wait is over.
func hasReached(awaited, status string) bool {
	switch status {
	case traceloop.StatusCompleted, traceloop.StatusPartial, traceloop.StatusFailed:
		return true
	case traceloop.StatusWaitingForSpans:
		return awaited == traceloop.StatusWaitingForSpans
	}
	return false
}

func (r *managedResource) warnStillWaiting(m resourceModel, timeout time.Duration, diags *diag.Diagnostics) {
	next := "The service continues to work on it. The next plan reads the status."
	if m.Status.ValueString() == traceloop.StatusWaitingForSpans {
		next = "It completes when enough spans that match its selector have arrived. If the application sends spans, check the selector."
	}
	diags.AddWarning("Timed Out Waiting for Auto Monitor Setup", fmt.Sprintf(
		"The %s did not reach the status %q within %s. Its status is %q. %s", m.Describe(), m.WaitFor.ValueString(), timeout, m.Status.ValueString(), next))
}

// warnFailed repeats the service's reasons if it could not create all monitors.
func (m model) warnFailed(diags *diag.Diagnostics) {
	var summary string
	switch m.Status.ValueString() {
	case traceloop.StatusFailed:
		summary = "Auto Monitor Setup Failed"
	case traceloop.StatusPartial:
		summary = "Auto Monitor Setup Partly Failed"
	default:
		return
	}
	var reasons []string
	for slug, value := range m.EvaluatorStatus.Elements() {
		object, _ := value.(types.Object)
		if evaluator := base.Element(object.Attributes()); evaluator.Text("status") == traceloop.StatusFailed || evaluator.Text("error_message") != "" {
			reasons = append(reasons, fmt.Sprintf("\n  - %s: %s", slug, cmp.Or(evaluator.Text("error_message"), "no reason given")))
		}
	}
	slices.Sort(reasons)
	diags.AddWarning(summary, fmt.Sprintf("The status of the %s is %q:\n%s\n\nCorrect the evaluators or the selector. An update restarts the setup. To restart it without a change, use -replace.",
		m.Describe(), m.Status.ValueString(), strings.Join(reasons, "")))
}
