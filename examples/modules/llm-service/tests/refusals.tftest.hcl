# What the module refuses, it refuses before anything is changed.
run "a_name_for_a_slug" {
  command = plan

  variables {
    name         = "Orders"
    environments = ["EU Production"]
  }

  expect_failures = [var.environments]
}

run "a_built_in_environment_as_its_own" {
  command = plan

  variables {
    name             = "Orders"
    own_environments = ["PRD"]
  }

  expect_failures = [var.own_environments]
}

run "no_name" {
  command = plan

  variables {
    name = " "
  }

  expect_failures = [var.name]
}
