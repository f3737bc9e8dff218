# With faults that were set in the emulator beforehand, see the provider's guide "Test your
# modules without an account". The module has to arrive at the same end as without them.
variables {
  name                = "Orders under faults"
  environments        = ["prd"]
  deletion_protection = false
}

run "arrives_in_spite_of_faults" {
  assert {
    condition     = endswith(output.masked_keys["prd"], substr(output.keys["prd"], -4, 4))
    error_message = "The key that the service gets is not the one that Traceloop has."
  }
}

run "and_has_nothing_left_to_do" {
  command = plan

  variables {
    before = run.arrives_in_spite_of_faults.masked_keys
  }

  assert {
    condition     = output.masked_keys == var.before
    error_message = "Another plan changes the key."
  }
}
