# Ephemeral: neither the plan nor the state keeps it. Before Terraform 1.10, write sensitive = true.
variable "deployed_key" {
  description = "The key that the application has: TF_VAR_deployed_key."
  type        = string
  ephemeral   = true
  default     = null
}

data "traceloop_project" "default" {
  name = "Default project"
}

resource "traceloop_api_key" "default_prd" {
  project_id  = data.traceloop_project.default.id
  environment = "prd"
}

# Does the key belong to this project and environment? The key itself is sent nowhere.
check "deployed_key" {
  assert {
    condition     = var.deployed_key == null ? true : provider::traceloop::mask_key(var.deployed_key) == traceloop_api_key.default_prd.masked_key
    error_message = "The deployed key is not ${traceloop_api_key.default_prd.masked_key}, the key of this project's environment prd."
  }
}
