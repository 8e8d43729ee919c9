#!/usr/bin/env bash
# run.sh [FLAG...]: runs Redis's own test suite directly against a redis-server and through Herdgate, and fails unless the same tests pass.
#   --version-all     give every key a version (version_all.yaml); the tests in versioned_expected_failures.txt may then fail, and no others
#   --near-all        keep every key that gets hot in the near cache (near_all.yaml), and have keys get hot (warm_reads.tcl); exactly the tests in
#                     near_expected_failures.txt must fail, and the near cache must have answered
#   --only UNIT       only this file, for example unit/type/list; may be given several times
#   --baseline FILE   write the tests that pass directly to FILE
#   --skip-direct     read them from that FILE instead of running the suite directly
#   --binary FILE     the herdgate to test; by default build/release/herdgate, built first if it is missing
#   --proxy COMMAND   test another proxy, with {listen} and {upstream} for the ports, for example
#                     --proxy 'socat TCP-LISTEN:{listen},fork,reuseaddr TCP:127.0.0.1:{upstream}'
#   --ports FIRST     use the 84 ports from FIRST (27000)
#   --timeout SECONDS end a run of the suite that takes longer (900)
# A run takes about three minutes; with two cores or more both sides run at once. The logs stay in build/suite. Ends with
# "N passed, N failed".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

suite=$root/tests/suite
only=() version_all=false near_all=false baseline='' skip_direct=false binary='' proxy='' ports=27000 SUITE_TIMEOUT=900
while [ "$#" -gt 0 ]; do
  case "$1" in
    --skip-direct) skip_direct=true ;;
    --version-all) version_all=true ;;
    --near-all) near_all=true ;;
    --only) only+=("${2:?--only needs a unit}") ;;
    --baseline) baseline=${2:?--baseline needs a file} ;;
    --binary) binary=${2:?--binary needs a file} ;;
    --proxy) proxy=${2:?--proxy needs a command} ;;
    --ports) ports=${2:?--ports needs a number} ;;
    --timeout) SUITE_TIMEOUT=${2:?--timeout needs seconds} ;;
    -h | --help) sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  case "$1" in --skip-direct | --version-all | --near-all) ;; *) shift ;; esac
  shift
done
! "$version_all" || ! "$near_all" || die "--version-all and --near-all are two runs"
! "$skip_direct" || [ -r "$baseline" ] || die "--skip-direct needs a --baseline that can be read"

need_packages tcl dpkg-dev redis-server redis-tools python3
if [ -z "$proxy" ]; then
  need_binary
  # Near is the database of the URL alone, and the suite's keys are in number 9.
  database='' telemetry=off
  ! "$near_all" || database=/9 telemetry='127.0.0.1:{telemetry}'
  # One loop: tests write on two connections at once and expect Redis to see the first one first. With several loops two threads carry them.
  proxy="$binary serve --listen tcp://127.0.0.1:{listen} --upstream redis://127.0.0.1:{upstream}$database --telemetry $telemetry --loops 1"
  ! "$version_all" || proxy="$proxy --config $suite/version_all.yaml"
  ! "$near_all" || proxy="$proxy --config $suite/near_all.yaml"
fi
export SUITE_PROXY=$proxy SUITE_TIMEOUT

work=$(mktemp -d)
logs=$root/build/suite
listed=() unrun=(true) judge=(compare)
if "$version_all"; then
  logs=$root/build/suite-versioned
  listed=("$suite/versioned_expected_failures.txt")
  judge=(listed "${listed[@]}")
elif "$near_all"; then
  logs=$root/build/suite-near
  listed=("$suite/near_expected_failures.txt")
  judge=(exact "${listed[@]}")
  export SUITE_REDIS_TCL=$suite/warm_reads.tcl
fi
[ "${#listed[@]}" -eq 0 ] || unrun=(python3 "$suite/compare.py" unrun "${listed[@]}")
sides=()
cleanup() {
  local pid
  for pid in "${sides[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work/source" "$work"/*/tree "$work"/*/data "$logs"
  mkdir -p "$(dirname "$logs")"
  mv "$work" "$logs"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

say "fetching the source package of redis"
"$suite/fetch_source.sh" "$work/source"

flags=()
for unit in "${only[@]}"; do flags+=(--single "$unit"); done

# start SIDE PORT: one run in the background; its process id goes to the list of sides.
start() {
  say "running the suite: $1"
  mkdir "$work/$1"
  "$suite/run_side.sh" "$1" "$work/source/redis" "$work/$1" "$2" "${flags[@]}" &
  sides+=("$!")
}

broken=0
finish() {
  local pid
  for pid in "${sides[@]}"; do wait "$pid" || broken=$((broken + 1)); done
  sides=()
}

if ! "$skip_direct"; then
  start direct "$ports"
  [ "$(cores)" -ge 2 ] || finish
fi
while read -r name; do flags+=(--skiptest "$name"); done < <("${unrun[@]}")
start through $((ports + 42))
finish

if "$skip_direct"; then
  # A baseline of the whole suite also serves a run of some of its files.
  pattern=$(IFS='|' && echo "${only[*]:-[^:]*}")
  grep -E "^($pattern): " "$baseline" >"$work/direct.passed" || true
else
  python3 "$suite/compare.py" passed "$work/direct/suite.log" >"$work/direct.passed"
  [ -z "$baseline" ] || cp "$work/direct.passed" "$baseline"
fi
touch "$work/through/suite.log"
python3 "$suite/compare.py" passed "$work/through/suite.log" >"$work/through.passed"

# Fewer than this directly means that the suite was not run as it should be, and that equal sets prove little.
least=1700
if [ "${#only[@]}" -eq 0 ] && [ "$(wc -l <"$work/direct.passed")" -lt "$least" ]; then
  die "only $(wc -l <"$work/direct.passed") tests pass directly, fewer than $least"
fi

# A few tests depend on which of two connections the server hears first, on a busy machine also directly: files with a test that did not pass get a
# second run, which is said. What fails twice has failed.
mapfile -t doubtful < <(python3 "$suite/compare.py" doubtful "$work/direct.passed" "$work/through.passed" "${listed[@]}" | grep .)
if [ "${#doubtful[@]}" -ge 1 ] && [ "${#doubtful[@]}" -le 4 ]; then
  say "a second run through the proxy of ${doubtful[*]}"
  flags=()
  for unit in "${doubtful[@]}"; do flags+=(--single "$unit"); done
  while read -r name; do flags+=(--skiptest "$name"); done < <("${unrun[@]}")
  mkdir "$work/again"
  "$suite/run_side.sh" through "$work/source/redis" "$work/again" $((ports + 42)) "${flags[@]}" || broken=$((broken + 1))
  python3 "$suite/compare.py" passed "$work/again/suite.log" >"$work/again.passed"
  sort -u -o "$work/through.passed" "$work/through.passed" "$work/again.passed"
fi
# Equal sets say nothing about a near cache that was not there.
if "$near_all" && [ -z "${proxy##*{telemetry\}*}" ]; then
  least_hits=1
  [ "${#only[@]}" -gt 0 ] || least_hits=2000
  python3 "$suite/near_used.py" "$least_hits" "$work/through/metrics.txt" || broken=$((broken + 1))
fi
python3 "$suite/compare.py" "${judge[@]}" "$work/direct.passed" "$work/through.passed" "$work/through/suite.log" || broken=$((broken + 1))
[ "$broken" -eq 0 ]
