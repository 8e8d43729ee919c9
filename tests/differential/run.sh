#!/usr/bin/env bash
# run.sh: the differential test: the same random commands to a plain redis-server and through Herdgate, and every reply byte must be equal.
#
#   tests/differential/run.sh [--herdgate PATH] [--commands N] [--seed S] [--rounds N] [--loops N] [--mode NAME,...] [--direct-direct]
#                             [--policies NAME,...] [--policy-commands N] [--replay FILE] [--out DIR]
#
# --commands is the sum over all modes of one round; without --loops half of the rounds runs on one loop and half on two. --policies names the cases
# of policies (policy_case.cc, or files) that Herdgate runs with after the rounds without any; --policy-commands is the sum over cases, modes and
# loops of one round. With --commands 0 only those run. Builds what is missing below build/release. Ends with one line "N passed, N failed"; exit 1 if a test failed. Replay files of failures go to build/differential.
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
policies='' policy_commands=200000
commands=120000 seed=1 rounds=1 loops=(1 2) out=$root/build/differential direct=false replay=()

while [ "$#" -gt 0 ]; do
  case "$1" in
    --direct-direct) direct=true ;;
    --herdgate | --policies | --policy-commands | --commands | --seed | --rounds | --loops | --mode | --replay | --out)
      [ "$#" -gt 1 ] || die "$1 needs a value"
      case "$1" in
        --herdgate) herdgate=$(realpath "$2") ;;
        --policies) policies=$2 ;;
        --policy-commands) policy_commands=$2 ;;
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
mkdir "$log.out"
trap 'rm -rf "$log" "$log.out"' EXIT

# differ FLAG...: one run of the program, counted.
differ() {
  local status=0 well badly _
  "$program" --fixed-seed "$fixed_seed" --out "$out" "$@" </dev/null | tee "$log" || status=$?
  read -r well badly _ < <(read_tally "$log") || die "herdgate_differential ended without a count (exit $status)"
  passed=$((passed + well)) failed=$((failed + badly))
}

# can_fail FLAG...: the test must be able to fail. Two servers that differ in one option are told apart, and a Herdgate that never heard of its
# policies is found out.
can_fail() {
  if "$program" --fixed-seed "$fixed_seed" --out "$log.out" --commands 5000 --shrink-seconds 0 "$@" </dev/null >"$log" 2>&1; then
    say "no difference is found with: $*"
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
  differ --direct-direct --mode "$modes" --policies "none${policies:+,$policies}" --commands "$each" --seed "$seed" --rounds "$rounds"
else
  can_fail --skew --mode resp2
  known=()
  for file in "$root"/tests/differential/replays/*.replay; do known+=(--replay "$file"); done
  differ --herdgate "$herdgate" --loops 2 --shrink-seconds 0 "${known[@]}"
  for count in "${loops[@]}"; do
    [ "$commands" -gt 0 ] || continue
    differ --herdgate "$herdgate" --loops "$count" --mode "$modes" --commands "$each" --seed "$seed" --rounds "$rounds"
    seed=$((seed + rounds))
  done
  if [ -n "$policies" ]; then
    IFS=, read -r -a case_list <<<"$policies"
    each=$((policy_commands / ${#case_list[@]} / ${#mode_list[@]} / ${#loops[@]}))
    can_fail --herdgate "$herdgate" --forget-policies --mode resp2 --policies version
    can_fail --herdgate "$herdgate" --forget-policies --mode resp3 --policies ttl
    for count in "${loops[@]}"; do
      differ --herdgate "$herdgate" --loops "$count" --mode "$modes" --policies "$policies" --commands "$each" --seed "$seed" --rounds "$rounds"
      seed=$((seed + rounds))
    done
  fi
fi

tally "$passed" "$failed"
[ "$failed" -eq 0 ]
