resource "traceloop_project" "orders" {
  name = "Orders"
}

variable "rotated" {
  description = "When the key of each environment was last rotated on purpose."
  type        = map(string)
  default = {
    stg = "2026-11-03"
    prd = "2026-11-10"
  }
}

resource "traceloop_api_key" "orders" {
  for_each = var.rotated

  project_id  = traceloop_project.orders.id
  environment = each.key

  rotation_triggers = {
    rotated = each.value
  }
}
