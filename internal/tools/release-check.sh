#!/usr/bin/env bash
# release-check.sh has goreleaser check its configuration, builds a snapshot of the last commit in two clones, for this machine's
# platform and without a signature, and compares the checksums.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH=$PWD/.cache/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for clone in first another-folder; do
  git clone --quiet . "$work/$clone"
  # goreleaser wants to know where it would publish. It does not publish a snapshot.
  git -C "$work/$clone" remote set-url origin https://github.com/traceloop/terraform-provider-traceloop
  (cd "$work/$clone" && goreleaser check --quiet)
  sed -E "s/^( +goos:).*/\1 [$(go env GOOS)]/; s/^( +goarch:).*/\1 [$(go env GOARCH)]/" "$work/$clone/.goreleaser.yml" >"$work/$clone.yml"
  echo "Building a snapshot in $clone."
  (cd "$work/$clone" && goreleaser release --snapshot --skip=sign --clean --config "../$clone.yml" >"$work/$clone.log" 2>&1) || { cat "$work/$clone.log" >&2; exit 1; }
done
cat "$work"/first/dist/*_SHA256SUMS
diff "$work"/first/dist/*_SHA256SUMS "$work"/another-folder/dist/*_SHA256SUMS
echo 'Both builds have the same bytes.'
