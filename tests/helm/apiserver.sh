#!/usr/bin/env bash
# apiserver.sh [--herdgate FILE]: installs the charts into a real kube-apiserver with an etcd, both built from Go modules of pinned versions (tools.sh), and has
# that API server call the webhook (api.py). There are no nodes and no controllers: Jobs of the charts are ended by the test, and no pod runs.
#   --herdgate FILE   the herdgate to test; by default build/release/herdgate, built first if it is missing
# Half a minute, after ten minutes for the first build. Without Go, or where the modules can't be had, it is skipped, in plain sight.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"
# shellcheck source=tests/lib/go.sh
. "$root/tests/lib/go.sh"
# shellcheck source=tests/helm/tools.sh
. "$root/tests/helm/tools.sh"

binary=''
while [ "$#" -gt 0 ]; do
  case "$1" in
    --herdgate) binary=$(realpath "${2:?--herdgate needs a file}") && shift ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  shift
done

skip_all() {
  say "skipped: $1"
  tally 0 0 1
  exit 0
}

mkdir -p "$tools/bin"
: >"$tools/go.log"
export PYTHONDONTWRITEBYTECODE=1
need_go || skip_all "there is no Go"
need_packages python3 python3-yaml openssl
if ! { go_program helm && crd_files && api_server; }; then skip_all "an API server can't be built here: $(tail -n 1 "$tools/go.log")"; fi

need_binary

copy_charts "$tools/charts-api"
for chart in herdgate example; do "$tools/bin/helm" dependency build "$tools/charts-api/$chart" >"$tools/go.log" 2>&1 </dev/null; done
exec python3 "$here/api.py" --helm "$tools/bin/helm" --herdgate "$binary" --charts "$tools/charts-api" --programs "$tools/bin" --crds "$tools/crds"
