# The key comes from TRACELOOP_PROJECT_API_KEY. Traceloop refuses this to most organizations.
resource "traceloop_organization" "acme" {
  name = "Acme"
}

output "acme_keys" {
  value     = traceloop_organization.acme.keys
  sensitive = true
}
