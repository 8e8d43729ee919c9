#!/usr/bin/env bash
# run.sh [--herdgate FILE] [--render DIR] [--seconds N] [--only-static] [--verbose]: checks the dashboards and rules in dashboards/.
#   static   the JSON is what the generator writes, passes the linter's rules, and promtool finds nothing in the rules and their tests
#   linter   Grafana's own dashboard-linter, strict, where Go can build it; a visible skip elsewhere
#   live     a real Prometheus scrapes real Herdgates under load; every expression must be valid and return data (live.py)
#   --herdgate FILE   the herdgate to test; by default build/release/herdgate, built first if it is missing
#   --render DIR      draw each dashboard there from the live results, as SVG
#   --seconds N       how long the live load runs (75)
# Takes about two minutes, and some more where the linter is built for the first time; the logs stay in build/dashboards. Ends with "N passed, N failed, N skipped".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"
# shellcheck source=tests/lib/go.sh
. "$root/tests/lib/go.sh"

here=$root/tests/dashboards
logs=$root/build/dashboards
binary='' static_only=false live=()
while [ "$#" -gt 0 ]; do
  case "$1" in
    --herdgate) binary=${2:?--herdgate needs a file} && shift ;;
    --render | --seconds) live+=("$1" "${2:?$1 needs a value}") && shift ;;
    --only-static) static_only=true ;;
    --verbose) live+=("$1") ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  shift
done

need_packages python3 redis-server prometheus openssl
mkdir -p "$logs"
export PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0 skipped=0

# check COUNT NAME COMMAND...: runs it and counts COUNT tests, or one failure.
check() {
  local count=$1 name=$2
  shift 2
  if "$@" </dev/null; then
    passed=$((passed + count))
  else
    failed=$((failed + 1))
    say "failed: $name"
  fi
}

# rule_tests FILE: promtool's tests of one file; quiet when they pass.
rule_tests() {
  promtool test rules "$1" >"$logs/promtool.log" 2>&1 || {
    cat "$logs/promtool.log" >&2
    return 1
  }
}

# build_linter: Grafana's linter at build/dashboards/dashboard-linter; fails where a module can't be had or Go is too old. The copy of go.mod is
# where Go notes the modules that it found.
build_linter() {
  [ -w "${HOME:-/nonexistent}" ] || export GOPATH=$logs/go GOCACHE=$logs/go-cache
  cp "$here/tools/go.mod" "$logs/linter.mod"
  (cd "$here/tools" && GOTOOLCHAIN=local timeout 900 go build -mod=mod -modfile="$logs/linter.mod" -o "$logs/dashboard-linter" github.com/grafana/dashboard-linter) \
    >"$logs/go.log" 2>&1 </dev/null
}

# our_checks COMMAND...: quiet when it passes.
our_checks() { "$@" >"$logs/checks.log" 2>&1 || { cat "$logs/checks.log" >&2 && return 1; }; }

dashboards=("$root"/dashboards/grafana/*.json)
say "checking ${#dashboards[@]} dashboards and the rules"
check 1 "the generator writes what is committed" python3 "$root/dashboards/generate.py" --check
check "${#dashboards[@]}" "the linter's rules" python3 "$here/lint.py" "${dashboards[@]}"
check 1 "promtool check rules" our_checks promtool check rules --lint=all "$root"/dashboards/rules/*.yaml
for file in "$here"/rules/*_test.yaml; do
  check "$(grep -c '^  - name:' "$file")" "$(basename "$file")" rule_tests "$file"
done

if ! need_go; then
  say "skipped: Grafana's own linter; there is no Go"
  skipped=$((skipped + 1))
elif ! build_linter; then
  say "skipped: Grafana's own linter can't be built here: $(tail -n 1 "$logs/go.log")"
  skipped=$((skipped + 1))
else
  for file in "${dashboards[@]}"; do check 1 "dashboard-linter $(basename "$file")" our_checks "$logs/dashboard-linter" lint --strict "$file"; done
fi

if ! "$static_only"; then
  need_binary
  say "asking a real Prometheus"
  status=0
  python3 "$here/live.py" --herdgate "$binary" --logs "$logs" "${live[@]}" </dev/null | tee "$logs/live.log" || status=$?
  if read -r well badly _ < <(read_tally "$logs/live.log"); then
    passed=$((passed + well)) failed=$((failed + badly))
  else
    say "live.py ended without a count ($status)"
    failed=$((failed + 1))
  fi
fi

tally "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
