variable "europe_management_key" {
  description = "The management key of the second organization: TF_VAR_europe_management_key."
  type        = string
  sensitive   = true
}

# The first organization: its key comes from TRACELOOP_MANAGEMENT_API_KEY.
provider "traceloop" {}

provider "traceloop" {
  alias   = "europe"
  api_key = var.europe_management_key
}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_project" "orders_europe" {
  provider = traceloop.europe
  name     = "Orders Europe"
}
