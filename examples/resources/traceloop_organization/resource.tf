# The key comes from TRACELOOP_PROJECT_API_KEY, or from project_api_key of the provider block.
# Traceloop allows this operation to few organizations.
resource "traceloop_organization" "acme" {
  name            = "Acme"
  environments    = ["dev", "prd"]
  retention_hours = 168

  # The state holds the keys only in sealed form.
  age_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}

# The ephemeral resource of API keys decrypts them during a run.
ephemeral "traceloop_api_key" "acme_prd" {
  encrypted_key = traceloop_organization.acme.encrypted_keys["prd"]
}
