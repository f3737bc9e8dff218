variable "orders_prd_key" {
  description = "The running key, for the import: TF_VAR_orders_prd_key."
  type        = string
  ephemeral   = true
  default     = null
}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_api_key" "orders_prd" {
  project_id      = traceloop_project.orders.id
  environment     = "prd"
  age_recipients  = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
  existing_key_wo = var.orders_prd_key
}
