resource "traceloop_project" "orders" {
  name = "Orders"
}

# A built-in environment is named by its slug.
resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"

  # Change the value to rotate the key: it is revoked, and another is generated.
  rotation_triggers = {
    rotated = "2026-11"
  }
}

output "orders_prd_key" {
  value     = traceloop_api_key.orders_prd.key
  sensitive = true
}
