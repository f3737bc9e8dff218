data "traceloop_api_keys" "old" {
  min_age_days = 90
}

check "no_old_keys" {
  assert {
    condition = length(data.traceloop_api_keys.old.api_keys) == 0
    error_message = join("\n", concat(["Keys that are 90 days old or more:"], [
      for key in data.traceloop_api_keys.old.api_keys :
      "- ${key.masked_key}: project ${key.project_id}, environment ${key.environment}, ${key.age_days} days"
    ]))
  }
}
