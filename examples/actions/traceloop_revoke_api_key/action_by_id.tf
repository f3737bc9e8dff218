# A key that Terraform does not manage.
action "traceloop_revoke_api_key" "leaked" {
  config {
    id = "cm9v2g95l0000qz8k5h3d7f1a"
  }
}
