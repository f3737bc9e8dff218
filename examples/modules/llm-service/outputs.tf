output "project_id" {
  description = "Id of the project."
  value       = traceloop_project.service.id
}

output "keys" {
  description = "The keys by environment, for a secret manager. Null where age_recipients seals them."
  value       = { for slug, key in traceloop_api_key.service : slug => key.key }
  sensitive   = true
}

output "encrypted_keys" {
  description = "The sealed keys by environment, for the ephemeral resource traceloop_api_key. Null without age_recipients."
  value       = { for slug, key in traceloop_api_key.service : slug => key.encrypted_key }
}

output "key_versions" {
  description = "A whole number by environment that rises with each new key: for the version argument beside a write-only one."
  value       = { for slug, key in traceloop_api_key.service : slug => tonumber(formatdate("YYYYMMDDhhmmss", key.created_at)) }
}

output "masked_keys" {
  description = "The masked keys by environment. They are not secret, and change with the keys."
  value       = { for slug, key in traceloop_api_key.service : slug => key.masked_key }
}
