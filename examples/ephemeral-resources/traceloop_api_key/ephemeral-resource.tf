data "traceloop_project" "default" {
  name = "Default project"
}

# The state holds the key only in sealed form.
resource "traceloop_api_key" "default_prd" {
  project_id     = data.traceloop_project.default.id
  environment    = "prd"
  age_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}

# The private key that belongs to the recipient comes from TRACELOOP_AGE_IDENTITY.
ephemeral "traceloop_api_key" "default_prd" {
  encrypted_key = traceloop_api_key.default_prd.encrypted_key
}

# A command gets the decrypted key, once for each key. A write-only argument can get it too:
# value_wo = ephemeral.traceloop_api_key.default_prd.key
resource "terraform_data" "github_secret" {
  triggers_replace = traceloop_api_key.default_prd.id

  provisioner "local-exec" {
    command     = "printf '%s' \"$KEY\" | gh secret set TRACELOOP_API_KEY --repo example/orders"
    environment = { KEY = ephemeral.traceloop_api_key.default_prd.key }
  }
}
