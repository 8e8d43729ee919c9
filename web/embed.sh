#!/usr/bin/env bash
# embed.sh FILE.cc: builds the web UI (web/dist) and writes it as the table of sidecar/admin/web_files.h. Where it can't be built, as without a
# network at the first build, FILE.cc is the page that says so; with CI=true that is a failure.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/common.sh"
out=${1:?embed.sh needs the file to write}
cd "$root/web"

# Several builds may run at once; they share web/node_modules and web/dist.
exec 9<.
flock 9

build() {
  # npm writes node_modules/.package-lock.json at the end of an install.
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000 && touch node_modules/.package-lock.json
  fi && npm run build && node embed.mjs "$out"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if build >"$log" 2>&1 </dev/null; then exit 0; fi
cat "$log" >&2
! in_ci || die "the web UI does not build"
say "warning: the web UI could not be built and is LEFT OUT of this program; its page says so"
cp without.cc "$out"
