#!/usr/bin/env bash
# matrix.sh CLI…: run the tests that need a CLI under each one, and print one table. A test is skipped only where this version of
# the CLI does not have a feature: a test of internal/docstest makes sure of that.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
tests=$(sed -nE 's/^const CLITests = "(.*)"$/\1/p' internal/tools/devtool/devtool.go)
packages=(./internal/provider/... ./internal/docstest)
table=$'| CLI | Passed | Failed | Skipped |\n|---|---|---|---|'
ended=0
mkdir -p .cache/matrix

for cli; do
  cli=$(command -v "$cli")
  [[ $cli == /* ]] || cli=$PWD/$cli # the tests run in another folder
  name=$(CHECKPOINT_DISABLE=1 "$cli" version | sed -nE '1s/^(Terraform|OpenTofu) v/\1 /p')
  if [[ -z $name ]]; then
    echo "$cli is neither Terraform nor OpenTofu." >&2
    exit 1
  fi
  echo "$name, $cli"
  log=.cache/matrix/${name/ /-}.log
  TF_ACC_TERRAFORM_PATH=$cli go test -v -count=1 -parallel=6 -timeout=20m -run "$tests" "${packages[@]}" >"$log" 2>&1
  status=$?
  count() { grep -cE "^ *--- $1" "$log"; }
  # "    query_test.go:124: Terraform 1.11 has no query"
  reasons=$(sed -nE 's/^ +[a-z_]+_test.go:[0-9]+: (Terraform|OpenTofu) [0-9.]+ has no (.*)/no \2/p' "$log" | sort | uniq -c | awk '{ $1 = $1 ":"; printf "%s%s", sep, $0; sep = "; " }')
  table+=$'\n'"| $name | $(count PASS) | $(count FAIL) | $(count SKIP)${reasons:+, $reasons} |"
  if ((status != 0 || $(count PASS) == 0)); then
    grep -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|--- (PASS|SKIP))' "$log"
    ended=1
  fi
done
printf '\n%s\n' "$table"
exit "$ended"
