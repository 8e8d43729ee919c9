#!/usr/bin/env bash
# run.sh [--herdgate PATH]: the integration tests that are no C++ program: what a real sidecar's scrape shows. Builds what is missing below
# build/release. Ends with one line "N passed, N failed"; exit 1 if a test failed.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

need_packages "${build_packages[@]}" redis-server python3 openssl
# Debian's package runs a server; nobody wants that for one test.
command -v promtool >/dev/null || ! in_ci || die "promtool (package prometheus) is missing"
if [ "${1:-}" = --herdgate ]; then
  herdgate=$2
else
  build_preset release -DHERDGATE_TESTS=ON herdgate
  herdgate=$root/build/release/herdgate
fi

export PYTHONDONTWRITEBYTECODE=1
exec python3 "$root/tests/integration/scrape/scrape_test.py" "$herdgate"
