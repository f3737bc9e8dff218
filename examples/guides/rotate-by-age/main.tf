resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id        = traceloop_project.orders.id
  environment       = "prd"
  rotate_after_days = 90
}

output "orders_prd_rotate_at" {
  value = traceloop_api_key.orders_prd.rotate_at
}
