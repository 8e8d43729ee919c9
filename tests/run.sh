#!/usr/bin/env bash
# run.sh: installs what is missing on a Debian 12 machine, builds Herdgate with its tests and runs them: unit, property and integration tests, then
# the scripts that compare Herdgate with a real redis-server. Ends with one line "N passed, N failed"; exit 1 if a test failed.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"
# shellcheck source=tests/lib/ctest.sh
. "$root/tests/lib/ctest.sh"

need_packages "${build_packages[@]}" "${test_packages[@]}"
build_preset release -DHERDGATE_TESTS=ON

say "running the C++ tests"
run_ctest release
passed=$ctest_passed failed=$ctest_failed skipped=$ctest_skipped

# Scripts of other folders that a plain test run includes; each ends with the same line as this one.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for script in tests/integration/run.sh tests/differential/run.sh; do
  [ -x "$root/$script" ] || continue
  say "running $script"
  status=0
  "$root/$script" </dev/null 2>&1 | tee "$log" >&2 || status=$?
  if read -r ran_well ran_badly left_out < <(read_tally "$log"); then
    passed=$((passed + ran_well)) failed=$((failed + ran_badly)) skipped=$((skipped + left_out))
    [ "$status" -eq 0 ] || [ "$ran_badly" -gt 0 ] || failed=$((failed + 1))
  else
    say "$script ended without a count"
    failed=$((failed + 1))
  fi
done

tally "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
