locals {
  projects = {
    orders   = { name = "Orders" }
    payments = { name = "Payments" }
    sandbox  = { name = "Sandbox", deletion_protection = false }
  }
}

resource "traceloop_project" "all" {
  for_each = local.projects

  name                = each.value.name
  deletion_protection = lookup(each.value, "deletion_protection", true)
}

output "project_ids" {
  value = { for key, project in traceloop_project.all : key => project.id }
}
