resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"

  age_recipients = [
    # The identity that the pipeline has.
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    # Kept offline, in case the pipeline loses its own.
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMBLcDzpkdx/z3spghWLeYkmuffzSvcUxebTuJAEJWgG",
  ]
}

# Decrypted with TRACELOOP_AGE_IDENTITY, during a run.
ephemeral "traceloop_api_key" "orders_prd" {
  encrypted_key = traceloop_api_key.orders_prd.encrypted_key
}

locals {
  # A whole number that rises with each new key, and does not change otherwise.
  orders_prd_key_version = tonumber(formatdate("YYYYMMDDhhmmss", traceloop_api_key.orders_prd.created_at))
}

# Only an identity decrypts it. So it is not sensitive.
output "orders_prd_encrypted_key" {
  value = traceloop_api_key.orders_prd.encrypted_key
}
