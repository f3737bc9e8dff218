data "traceloop_project" "default" {
  name = "Default project"
}

resource "traceloop_api_key" "default_prd" {
  project_id  = data.traceloop_project.default.id
  environment = "prd"
}

# For an application that sends traces with an OpenTelemetry exporter of its own.
output "exporter_variables" {
  value = {
    OTEL_EXPORTER_OTLP_ENDPOINT = "https://api.traceloop.com"
    OTEL_EXPORTER_OTLP_PROTOCOL = "http/protobuf"
    OTEL_EXPORTER_OTLP_HEADERS  = provider::traceloop::otlp_headers(traceloop_api_key.default_prd.key)
  }
  sensitive = true
}
