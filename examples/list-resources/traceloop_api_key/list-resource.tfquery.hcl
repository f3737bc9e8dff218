# Every API key that is at least 90 days old.
list "traceloop_api_key" "old" {
  provider = traceloop
  limit    = 10000

  config {
    min_age_days = 90
  }
}

list "traceloop_api_key" "production" {
  provider = traceloop

  config {
    environment = "prd"
  }
}
