provider "aws" {
  region = "eu-central-1"
}

resource "aws_secretsmanager_secret" "service" {
  for_each = local.keys

  name = "${each.key}/traceloop-api-key"
}

resource "aws_secretsmanager_secret_version" "service" {
  for_each = local.keys

  secret_id                = aws_secretsmanager_secret.service[each.key].id
  secret_string_wo         = ephemeral.traceloop_api_key.service[each.key].key
  secret_string_wo_version = local.versions[each.key]
}
