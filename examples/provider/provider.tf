terraform {
  required_providers {
    traceloop = {
      source = "traceloop/traceloop"
    }
  }
}

# The management key comes from TRACELOOP_MANAGEMENT_API_KEY.
provider "traceloop" {}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}
