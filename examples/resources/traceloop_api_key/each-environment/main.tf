resource "traceloop_project" "orders" {
  name = "Orders"
}

locals {
  # Change a date to rotate the key of that environment.
  rotated = {
    dev = "2026-11-03"
    stg = "2026-11-03"
    prd = "2026-11-10"
  }
}

resource "traceloop_api_key" "orders" {
  for_each = local.rotated

  project_id        = traceloop_project.orders.id
  environment       = each.key
  rotation_triggers = { rotated = each.value }
  rotate_after_days = 90
}

output "orders_keys" {
  value     = { for environment, key in traceloop_api_key.orders : environment => key.key }
  sensitive = true
}
