#!/usr/bin/env bash
# install.sh builds the provider into ~/.terraform.d/plugins. Both CLIs look there during init, each under the name of its own
# registry, unless their configuration says otherwise. With "remove" it removes these builds.
#
# A lock file holds the checksum of a version. So no version is ever written again: other content becomes a new version, which is
# the time of the build, and the same content keeps its version. Older builds stay for the folders whose lock files name them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
hosts=(registry.terraform.io registry.opentofu.org)
kept=3

folder() { printf '%s/.terraform.d/plugins/%s/traceloop/traceloop' "$HOME" "$1"; }

# builds lists what was installed for a host, the newest first. The times all have the same length.
builds() {
  local build
  for build in "$(folder "$1")"/0.1.[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]; do
    if [[ -d $build ]]; then basename "$build"; fi
  done | sort -r
}

remove() { # HOST BUILD…
  local build
  for build in "${@:2}"; do rm -rf "$(folder "$1")/$build"; done
}

if [[ ${1:-} == remove ]]; then
  for host in "${hosts[@]}"; do remove "$host" $(builds "$host"); done
  exit
fi

echo 'Building the provider. The first time, Go downloads its modules and compiles them, which takes 1 to 2 minutes.'
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
built=$temporary/terraform-provider-traceloop
# Every build gives the same version as its own, and knows no folder: the same content is the same bytes.
go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=0.1-local' -o "$built" .

file() { printf '%s/%s/%s_%s/terraform-provider-traceloop_v%s%s' "$(folder "$1")" "$2" "$(go env GOOS)" "$(go env GOARCH)" "$2" "$(go env GOEXE)"; }

version=$(builds "${hosts[0]}" | head -n 1)
if [[ -n $version ]] && cmp -s "$built" "$(file "${hosts[0]}" "$version")"; then
  echo "Nothing has changed since the last build, version $version."
else
  version=0.1.$(date -u +%Y%m%d%H%M%S)
  echo "This build is version $version."
fi
for host in "${hosts[@]}"; do
  target=$(file "$host" "$version")
  if [[ ! -e $target ]]; then
    mkdir -p "$(dirname "$target")"
    cp "$built" "$target.part"
    mv "$target.part" "$target"
  fi
  remove "$host" $(builds "$host" | tail -n "+$((kept + 1))")
  echo "  $target"
done
cat <<END

Next, in the folder of your configuration (for OpenTofu: tofu):
  terraform init            the first time
  terraform init -upgrade   to move from an older build to this one

A folder that stays with an older build goes on working: the newest $kept builds are kept.
END
