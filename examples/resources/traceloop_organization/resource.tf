# The key comes from TRACELOOP_PROJECT_API_KEY, or from project_api_key of the provider block.
# Traceloop refuses the operation to most organizations.
resource "traceloop_organization" "acme" {
  name            = "Acme"
  environments    = ["Development", "Production"]
  retention_hours = 168

  # The keys reach the state in sealed form alone.
  age_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}

# The ephemeral resource of API keys opens them, for as long as a run takes.
ephemeral "traceloop_api_key" "acme_production" {
  encrypted_key = traceloop_organization.acme.encrypted_keys["production"]
}
