#!/usr/bin/env bash
# Plans, and keeps the plan for the apply. Needs PLAN_BUCKET and the plan role.
set -euo pipefail
umask 077

TRACELOOP_MANAGEMENT_API_KEY=$(aws secretsmanager get-secret-value --secret-id platform/traceloop-management-key --query SecretString --output text)
export TRACELOOP_MANAGEMENT_API_KEY

terraform init -input=false -lockfile=readonly
terraform plan -input=false -lock-timeout=10m -out=tfplan

# The name is the id of the checked out files. The apply finds the plan if main has the same files.
aws s3 cp --only-show-errors tfplan "s3://$PLAN_BUCKET/$(git rev-parse 'HEAD^{tree}')"
rm tfplan
