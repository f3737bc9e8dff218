# A project, an environment of its own, and the key that the application sends traces with.
terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

# TRACELOOP_MANAGEMENT_BASE_URL and TRACELOOP_MANAGEMENT_API_KEY say where and as whom.
provider "traceloop" {}

variable "rotation" {
  description = "Change this to rotate the key."
  type        = string
  default     = "1"
}

resource "traceloop_project" "orders" {
  name = "Orders"

  # For trying out. The default is true: nothing is deleted by accident.
  deletion_protection = false
}

resource "traceloop_environment" "eu" {
  project_id          = traceloop_project.orders.id
  name                = "EU Production"
  deletion_protection = false
}

resource "traceloop_api_key" "orders" {
  project_id  = traceloop_project.orders.id
  environment = traceloop_environment.eu.slug

  rotation_triggers = {
    rotation = var.rotation
  }
}

output "project_id" {
  value = traceloop_project.orders.id
}

output "environment" {
  value = traceloop_environment.eu.slug
}

output "masked_key" {
  value = traceloop_api_key.orders.masked_key
}

# Read it with: terraform output -raw api_key
output "api_key" {
  value     = traceloop_api_key.orders.key
  sensitive = true
}
