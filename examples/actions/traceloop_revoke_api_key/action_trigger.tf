# Or from a pipeline that may only plan and apply: a new incident number revokes the key.
variable "incident" {
  description = "The last incident in which the key of Orders in production leaked."
  type        = string
  default     = "none"
}

resource "terraform_data" "incident" {
  input = var.incident

  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.traceloop_revoke_api_key.orders_prd]
    }
  }
}
