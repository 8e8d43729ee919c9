#!/usr/bin/env bash
# run.sh: the differential test: the same random commands to a plain redis-server and through Herdgate, and every reply byte must be equal.
#
#   tests/differential/run.sh [--herdgate PATH] [--commands N] [--seed S] [--rounds N] [--loops N] [--mode NAME,...] [--direct-direct]
#                             [--replay FILE] [--out DIR]
#
# --commands is the sum over all modes of one round; without --loops half of the rounds runs on one loop and half on two. Builds what is missing
# below build/release. Ends with one line "N passed, N failed"; exit 1 if a test failed. Replay files of failures go to build/differential.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

modes=resp2,resp3,mixed,transactions,pubsub,blocking,large,malformed
herdgate=$root/build/release/herdgate
program=$root/build/release/herdgate_differential
fixed_seed=$root/build/release/libherdgate_fixed_seed.so
commands=120000 seed=1 rounds=1 loops=(1 2) out=$root/build/differential direct=false replay=()

while [ "$#" -gt 0 ]; do
  case "$1" in
    --direct-direct) direct=true ;;
    --herdgate | --commands | --seed | --rounds | --loops | --mode | --replay | --out)
      [ "$#" -gt 1 ] || die "$1 needs a value"
      case "$1" in
        --herdgate) herdgate=$(realpath "$2") ;;
        --commands) commands=$2 ;;
        --seed) seed=$2 ;;
        --rounds) rounds=$2 ;;
        --loops) loops=("$2") ;;
        --mode) modes=$2 ;;
        --replay) replay=(--replay "$(realpath "$2")") ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    *) die "unknown flag $1" ;;
  esac
  shift
done

need_packages "${build_packages[@]}" redis-server libgtest-dev libgmock-dev
targets=(herdgate_differential)
"$direct" || [ "$herdgate" != "$root/build/release/herdgate" ] || targets+=(herdgate)
build_preset release -DHERDGATE_TESTS=ON "${targets[@]}"
mkdir -p "$out"
IFS=, read -r -a mode_list <<<"$modes"
each=$((commands / ${#mode_list[@]}))
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# differ FLAG...: one run of the program, counted.
differ() {
  local status=0 well badly _
  "$program" --fixed-seed "$fixed_seed" --out "$out" "$@" </dev/null | tee "$log" || status=$?
  read -r well badly _ < <(read_tally "$log") || die "herdgate_differential ended without a count (exit $status)"
  passed=$((passed + well)) failed=$((failed + badly))
}

# The test must be able to fail: two servers that differ in one option are told apart.
can_fail() {
  if "$program" --fixed-seed "$fixed_seed" --out "$out" --skew --mode resp2 --commands 5000 --shrink-seconds 0 </dev/null >"$log" 2>&1; then
    say "two different servers looked equal"
    failed=$((failed + 1))
  else
    passed=$((passed + 1))
  fi
}

if [ "${#replay[@]}" -gt 0 ]; then
  subject=(--herdgate "$herdgate" --loops "${loops[0]}")
  if "$direct"; then subject=(--direct-direct); fi
  differ "${subject[@]}" "${replay[@]}"
elif "$direct"; then
  differ --direct-direct --mode "$modes" --commands "$each" --seed "$seed" --rounds "$rounds"
else
  can_fail
  known=()
  for file in "$root"/tests/differential/replays/*.replay; do known+=(--replay "$file"); done
  differ --herdgate "$herdgate" --loops 2 --shrink-seconds 0 "${known[@]}"
  for count in "${loops[@]}"; do
    differ --herdgate "$herdgate" --loops "$count" --mode "$modes" --commands "$each" --seed "$seed" --rounds "$rounds"
    seed=$((seed + rounds))
  done
fi

tally "$passed" "$failed"
[ "$failed" -eq 0 ]
