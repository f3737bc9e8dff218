#!/usr/bin/env bash
# Writes each key to the secret of its application. It can run again at any time. Needs the apply role.
set -euo pipefail

identity=$(aws secretsmanager get-secret-value --secret-id platform/age-identity --query SecretString --output text)

# The key goes from one program to the next: not to the disk, and not to the log. The token makes
# AWS ignore a key that the secret has already.
terraform output -raw sealed_keys | while read -r name id sealed; do
  base64 --decode <<<"$sealed" | age --decrypt --identity <(printf '%s\n' "$identity") |
    aws secretsmanager put-secret-value --secret-id "$name" --secret-string file:///dev/stdin \
      --client-request-token "$(printf '%s' "$id" | git hash-object --stdin)" >/dev/null
  echo "The secret $name has the key $id."
done
