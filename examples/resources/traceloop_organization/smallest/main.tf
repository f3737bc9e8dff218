# The key comes from TRACELOOP_PROJECT_API_KEY. Traceloop allows this to few organizations.
resource "traceloop_organization" "acme" {
  name = "Acme"
}

output "acme_keys" {
  value     = traceloop_organization.acme.keys
  sensitive = true
}
