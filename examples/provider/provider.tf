terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

# The management key comes from TRACELOOP_MANAGEMENT_API_KEY.
provider "traceloop" {}

resource "traceloop_project" "orders" {
  name                = "Orders"
  deletion_protection = true # the default
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}

output "orders_prd_key" {
  value     = traceloop_api_key.orders_prd.key
  sensitive = true
}
