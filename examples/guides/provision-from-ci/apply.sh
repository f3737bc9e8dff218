#!/usr/bin/env bash
# Applies the kept plan. Needs PLAN_BUCKET and the apply role.
set -euo pipefail
umask 077

TRACELOOP_MANAGEMENT_API_KEY=$(aws secretsmanager get-secret-value --secret-id platform/traceloop-management-key --query SecretString --output text)
export TRACELOOP_MANAGEMENT_API_KEY

if ! aws s3 cp --only-show-errors "s3://$PLAN_BUCKET/$(git rev-parse 'HEAD^{tree}')" tfplan; then
  echo 'There is no plan for these files: main had other changes, or the plan has expired. Open a new pull request.' >&2
  exit 1
fi
terraform init -input=false -lockfile=readonly
terraform apply -input=false -lock-timeout=10m tfplan
rm tfplan
