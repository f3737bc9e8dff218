data "traceloop_api_keys" "production" {
  environment = "prd"
}

# How many production keys there are in the organization.
output "production_keys" {
  value = length(data.traceloop_api_keys.production.api_keys)
}
