provider "aws" {
  region = "eu-central-1"
}

resource "aws_secretsmanager_secret" "checkout" {
  for_each = traceloop_api_key.checkout

  name = "checkout/${each.key}/traceloop-api-key"
}

resource "aws_secretsmanager_secret_version" "checkout" {
  for_each = traceloop_api_key.checkout

  secret_id                = aws_secretsmanager_secret.checkout[each.key].id
  secret_string_wo         = ephemeral.traceloop_api_key.checkout[each.key].key
  secret_string_wo_version = local.versions[each.key]
}
