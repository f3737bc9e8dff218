resource "traceloop_project" "orders" {
  name = "Orders"
}

# The built-in environments are dev, stg and prd.
resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"
}

output "orders_prd_key" {
  value     = traceloop_api_key.orders_prd.key
  sensitive = true
}
