# The key of a project and environment comes from TRACELOOP_PROJECT_API_KEY, or from
# project_api_key of the provider block. The setup belongs to that project and environment.
resource "traceloop_auto_monitor_setup" "checkout_quality" {
  project_id  = "cm9v2g95l0000qz8k5h3d7f1a" # refuses the key of another project
  external_id = "checkout-quality"
  evaluators  = ["answer-relevancy", "toxicity-detector"]

  # A span has to meet every rule.
  selector = [
    { key = "gen_ai.system", source = "span_attributes", value = "openai" },
    { key = "service.name", source = "resource_attributes", operator = "in", values = ["checkout", "cart"] },
    { key = "gen_ai.prompt", source = "span_attributes", operator = "exists" },
  ]

  # Optional: apply follows the status for a while. It never fails for that.
  wait_for     = "waiting_for_spans"
  wait_timeout = "2m"
}
