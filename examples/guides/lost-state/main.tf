terraform {
  required_providers {
    traceloop = {
      source  = "traceloop/traceloop"
      version = "~> 0.1"
    }
  }
}

provider "traceloop" {}

resource "traceloop_project" "orders" {
  name = "Orders"
}

resource "traceloop_environment" "eu" {
  project_id = traceloop_project.orders.id
  name       = "EU Production"
}

resource "traceloop_api_key" "orders" {
  project_id  = traceloop_project.orders.id
  environment = traceloop_environment.eu.slug
}
