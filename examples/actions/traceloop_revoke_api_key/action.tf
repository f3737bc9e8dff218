# The key of Orders in production has leaked. Revoke it at once:
#
#   terraform apply -invoke=action.traceloop_revoke_api_key.orders_prd
#
# The next apply generates another key.
action "traceloop_revoke_api_key" "orders_prd" {
  config {
    project_id  = traceloop_project.orders.id
    environment = "prd"
  }
}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}
