# Without any server: what the module does with answers that are made up.
mock_provider "traceloop" {
  mock_resource "traceloop_project" {
    defaults = {
      id = "cm9v2g95l0000qz8k5h3d7f1a"
    }
  }

  mock_resource "traceloop_api_key" {
    defaults = {
      key        = "tl_mocked"
      masked_key = "tl_****cked"
      created_at = "2026-11-24T05:54:11Z"
    }
  }
}

run "outputs" {
  variables {
    name         = "Orders"
    environments = ["prd"]
  }

  assert {
    condition     = output.project_id == "cm9v2g95l0000qz8k5h3d7f1a" && traceloop_api_key.service["prd"].project_id == output.project_id
    error_message = "The key belongs to another project."
  }

  assert {
    condition     = output.keys == { prd = "tl_mocked" } && output.key_versions == { prd = 20261124055411 }
    error_message = "The outputs are not those of the key."
  }

  assert {
    condition     = traceloop_project.service.deletion_protection
    error_message = "The project is not protected unless somebody asks for it."
  }
}
