variable "rotation" {
  type    = number
  default = 1
}

resource "terraform_data" "rotation" {
  input = var.rotation
}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id  = traceloop_project.orders.id
  environment = "prd"

  lifecycle {
    replace_triggered_by = [terraform_data.rotation]
  }
}
