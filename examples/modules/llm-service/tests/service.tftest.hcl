# Against an emulator: TRACELOOP_MANAGEMENT_BASE_URL and TRACELOOP_MANAGEMENT_API_KEY say where
# it is. Every run applies, and terraform test destroys everything at the end.
variables {
  name                = "Orders"
  deletion_protection = false
}

run "a_key_for_each_environment" {
  assert {
    condition     = toset(keys(output.keys)) == toset(["dev", "stg", "prd"])
    error_message = "There are keys for ${join(", ", keys(output.masked_keys))}."
  }

  # The key that the service gets ends as the masked one that Traceloop shows.
  assert {
    condition     = alltrue([for slug, key in output.keys : endswith(output.masked_keys[slug], substr(key, -4, 4))])
    error_message = "An output has another key than Traceloop."
  }

  assert {
    condition     = length(distinct(values(output.keys))) == 3 && alltrue([for sealed in values(output.encrypted_keys) : sealed == null])
    error_message = "Each environment needs a key of its own, in plain text."
  }
}

run "rotates_one_key" {
  variables {
    rotated = { stg = "2026-11-24" }
    before  = run.a_key_for_each_environment.masked_keys # OpenTofu knows "run" here alone
  }

  assert {
    condition     = output.masked_keys["stg"] != var.before["stg"]
    error_message = "The key of stg was not rotated."
  }

  assert {
    condition     = output.masked_keys["prd"] == var.before["prd"]
    error_message = "The key of prd was rotated, too."
  }
}

run "an_environment_of_its_own" {
  variables {
    environments     = ["prd"]
    own_environments = ["EU Production"]
  }

  assert {
    condition     = toset(keys(output.keys)) == toset(["prd", "eu-production"])
    error_message = "There are keys for ${join(", ", keys(output.masked_keys))}."
  }

  assert {
    condition     = traceloop_environment.own["eu-production"].scope == "project"
    error_message = "Other services see the environment."
  }
}

run "seals_the_keys" {
  variables {
    name           = "Orders, sealed"
    environments   = ["prd"]
    age_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
  }

  assert {
    condition     = output.keys["prd"] == null && startswith(output.encrypted_keys["prd"], "-----BEGIN AGE ENCRYPTED FILE-----")
    error_message = "The key is not sealed."
  }

  assert {
    condition     = output.key_versions["prd"] > 20000101000000
    error_message = "The version of the key is ${output.key_versions["prd"]}."
  }
}
