#!/usr/bin/env bash
# build.sh TOOL MODULE PACKAGE LDFLAGS: build a pinned tool into .cache/bin, and say every 15 seconds how far it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tool=$PWD/.cache/bin/$1
cd "internal/tools/$2"
export CGO_ENABLED=${TOOL_CGO:-0}

dir=$(mktemp -d)
trap 'kill "$progress" 2>/dev/null || true; rm -rf "$dir"' EXIT
: >"$dir/packages" >"$dir/downloaded" >"$dir/built"

# The progress is what runs in the background: Ctrl-C has to reach the go command.
next=15
while sleep 1 <&- >&- 2>&-; do
  ((SECONDS >= next)) || continue
  next=$((next + 15))
  packages=$(wc -l <"$dir/packages")
  if ((packages == 0)); then
    what="$(grep -c '^go: downloading' "$dir/downloaded" || true) modules downloaded"
  else
    what="$(grep -vc '^go: ' "$dir/built" || true) of at most $((packages)) packages built"
  fi
  printf '  %d min %02d s: %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$what"
done &
progress=$!

run() { # LOG COMMAND…: standard error is shown where the command fails
  "${@:2}" 2>"$1" || { cat "$1" >&2; exit 1; }
}
run "$dir/downloaded" go list -deps "$3" >"$dir/packages.partial"
mv "$dir/packages.partial" "$dir/packages"
run "$dir/built" go build -v -buildvcs=false -ldflags "$4" -o "$tool" "$3"
touch "$tool" # where nothing had to be built, its time would be that of the former build
printf '  Built in %d min %02d s\n' $((SECONDS / 60)) $((SECONDS % 60))
