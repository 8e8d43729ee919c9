#!/usr/bin/env bash
# run.sh [--no-browser] [--shots FOLDER] [--herdgate PROGRAM]: checks the web UI in web/: types, unit tests, build, size, and the pages in a real
# Chromium, against a mock of the API and as a real sidecar serves them, with a real Redis and traffic. Needs node 18 or newer and npm; without a
# Chromium or a redis-server the browser tests are skipped in plain sight.
#   --shots FOLDER        also leaves pictures there of each page of the real sidecar, dark and light, wide and narrow
#   --herdgate PROGRAM    the sidecar to test instead of a fresh build
# Logs stay in build/web. Ends with "N passed, N failed, N skipped".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

browser=true shots='' herdgate=''
while [ "$#" -gt 0 ]; do
  case "$1" in
    --no-browser) browser=false ;;
    --shots) shots=$(realpath -m "${2:?--shots needs a folder}") && shift ;;
    --herdgate) herdgate=$(realpath "${2:?--herdgate needs a program}") && shift ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  shift
done

passed=0 failed=0 skipped=0
logs=$root/build/web
mkdir -p "$logs"
if ! need_tool node nodejs || ! need_tool npm npm; then
  say "skipped: there is no node or no npm"
  tally 0 0 1
  exit 0
fi
cd "$root/web"

# check NAME COMMAND...: runs it and counts one test; its words are shown when it fails.
check() {
  local name=$1 log
  log=$logs/${1// /-}.log
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    cat "$log" >&2
    say "failed: $name"
  fi
}

# suite NAME COMMAND...: Vitest with a JSON report; counts its tests.
suite() {
  local name=$1 report=$logs/$1.json status=0 well badly left_out
  shift
  rm -f "$report"
  "$@" --reporter=default --reporter=json --outputFile.json="$report" >"$logs/$name.log" 2>&1 </dev/null || status=$?
  if ! read -r well badly left_out < <(node -e '
    const r = JSON.parse(require("fs").readFileSync(process.argv[1]));
    console.log(r.numPassedTests, r.numFailedTests, r.numPendingTests);' "$report" 2>/dev/null); then
    well=0 badly=1 left_out=0
  fi
  [ "$status" -eq 0 ] || [ "$badly" -gt 0 ] || badly=1
  [ $((well + badly + left_out)) -gt 0 ] || badly=1
  passed=$((passed + well)) failed=$((failed + badly)) skipped=$((skipped + left_out))
  [ "$badly" -eq 0 ] || cat "$logs/$name.log" >&2
  say "$name: $well passed, $badly failed, $left_out skipped"
}

say "installing the packages of web/package-lock.json"
check "npm ci" npm ci --no-audit --no-fund
check "types" npm run --silent lint
if [ -e "$root/sidecar/admin/openapi.json" ]; then
  check "types of the API" npm run --silent types -- --check
else
  say "skipped: sidecar/admin/openapi.json is not there" && skipped=$((skipped + 1))
fi
suite unit npx vitest run
check "build" npm run --silent build
check "size" npm run --silent size
[ ! -e "$logs/size.log" ] || tail -n 1 "$logs/size.log" >&2

# Debian's Chromium; playwright-core brings none.
if ! "$browser"; then
  say "skipped: the browser tests were not asked for" && skipped=$((skipped + 1))
elif ! need_tool chromium chromium; then
  say "skipped: the browser tests; there is no chromium" && skipped=$((skipped + 1))
else
  suite mock npx vitest run --config vitest.browser.config.ts test/contract.test.ts test/browser.test.ts
  if ! need_tool redis-server redis-server; then
    say "skipped: the tests of a real sidecar; there is no redis-server" && skipped=$((skipped + 1))
  else
    if [ -z "$herdgate" ]; then
      need_packages "${build_packages[@]}"
      build_preset release -DHERDGATE_TESTS=OFF herdgate
      herdgate=$root/build/release/herdgate
    fi
    grep -q without-web-ui "$herdgate" && die "that program was built without the web UI: $herdgate"
    export HERDGATE=$herdgate ${shots:+HERDGATE_SHOTS="$shots"}
    suite sidecar npx vitest run --config vitest.browser.config.ts test/sidecar.test.ts
  fi
fi

tally "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
