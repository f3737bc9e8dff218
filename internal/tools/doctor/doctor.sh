#!/usr/bin/env bash
# Says what is missing on this machine to work on the provider. Fails if something is that every target needs.
# doctor.sh [PORT]: the port that the emulator listens on by default
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit
port=${1:-4319}
failed=0

ok() { printf 'ok       %s\n' "$*"; }
optional() { printf 'optional %s\n' "$*"; }
missing() {
  printf 'MISSING  %s\n' "$*"
  failed=1
}
has() { command -v "$1" >/dev/null; }

# minor 1.26.8 prints 26.
minor() {
  local rest=${1#*.}
  printf '%s' "${rest%%[!0-9]*}"
}

while read -r word version _; do
  if [ "$word" = go ]; then wanted=$version; fi
done <go.mod
if ! has go; then
  missing "Go $wanted: install it from https://go.dev/dl"
else
  found=$(go env GOVERSION)
  if [ "$(minor "${found#go}")" -lt "$(minor "$wanted")" ]; then
    missing "Go $wanted: this is ${found#go}; install a newer one from https://go.dev/dl"
  else
    ok "Go ${found#go}"
  fi
fi

if has curl; then ok "curl"; else missing "curl: the test of Get started uses it, as the page does"; fi
if has git; then ok "git"; else missing "git: .ci/run clones the last commit"; fi

cli=
for name in terraform tofu; do
  if [ -z "$cli" ] && has "$name"; then cli=$name; fi
done
if [ -n "$cli" ]; then
  ok "$cli: the acceptance tests and the demo use it"
elif [ -x .cache/bin/tofu ]; then
  ok "OpenTofu in .cache/bin: the acceptance tests and the demo use it"
else
  optional "terraform or tofu: without one, the first test builds OpenTofu, which takes about 8 minutes on 2 cores"
fi
if [ -n "${TF_ACC_TERRAFORM_PATH:-}" ] && ! has "$TF_ACC_TERRAFORM_PATH"; then
  missing "the CLI of TF_ACC_TERRAFORM_PATH: $TF_ACC_TERRAFORM_PATH cannot be run; correct the variable or unset it"
fi

browser=
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if [ -z "$browser" ] && has "$name"; then browser=$name; fi
done
if [ -n "$browser" ]; then
  ok "$browser: the tests of the emulator's pages use it"
else
  optional "Chromium: without it, the tests of the emulator's pages are skipped; on Debian: apt-get install chromium"
fi

if has cc || has gcc || has clang; then
  ok "a C compiler: make lint and make race use it"
else
  optional "a C compiler: make lint needs one to build Vale, make race for the race detector; on Debian: apt-get install gcc libc6-dev"
fi

if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  optional "port $port of this machine: something listens there already, so make emulator needs ARGS=\"-listen 127.0.0.1:0\""
else
  ok "port $port is free for make emulator"
fi

if [ "$failed" = 0 ]; then
  echo 'Everything that is needed is there.'
else
  echo 'Install what is missing, and run make doctor again.'
fi
exit "$failed"
