terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

# The management key creates the project and its key.
resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}

# The project's key manages its monitors.
provider "traceloop" {
  alias           = "orders_prd"
  project_api_key = traceloop_api_key.orders_prd.key
}

resource "traceloop_auto_monitor_setup" "quality" {
  provider = traceloop.orders_prd
  for_each = toset(["checkout", "cart", "search"])

  external_id = "${each.key}-quality"
  evaluators  = ["answer-relevancy", "toxicity-detector"]
  selector    = [{ key = "service.name", source = "resource_attributes", value = each.key }]
}
