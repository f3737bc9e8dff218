terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

locals {
  # Where each application reads its key: the name of a secret in AWS Secrets Manager.
  secrets = {
    stg = "orders/stg/traceloop-api-key"
    prd = "orders/prd/traceloop-api-key"
  }
}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders" {
  for_each = local.secrets

  project_id        = traceloop_project.orders.id
  environment       = each.key
  rotate_after_days = 90

  # Only the apply job has the private key.
  age_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
}

# For pass-on.sh, one line for each key: the secret, the id of the key, and the sealed key.
output "sealed_keys" {
  value = join("", [
    for environment, key in traceloop_api_key.orders :
    "${local.secrets[environment]} ${key.id} ${base64encode(key.encrypted_key)}\n"
  ])
}
