# The API key of the project and environment comes from TRACELOOP_PROJECT_API_KEY.
resource "traceloop_auto_monitor_setup" "toxicity" {
  external_id = "toxicity"
  evaluators  = ["toxicity-detector"]
}
