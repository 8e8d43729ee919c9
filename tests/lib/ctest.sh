# shellcheck shell=bash
# Sourced after common.sh. Runs the C++ tests of a built preset and counts them.

: "${root:?source common.sh first}"

# run_ctest PRESET [FLAG...]: runs the tests of build/PRESET in parallel, prints those that fail with their output, and sets ctest_passed,
# ctest_failed and ctest_skipped. No tests at all count as a failure. FLAGs go to ctest, for example -L unit.
# On a loaded machine a test with real processes may wait in vain for one: up to three that failed are run once more, alone, and named if they pass
# then, because each is worth a look. What a sanitizer reported is never run again.
run_ctest() {
  local preset=$1 log=$root/build/$1.ctest.log junit=$root/build/$1.ctest.xml total again again_failed
  shift
  ctest_passed=0 ctest_failed=0 ctest_skipped=0
  rm -f "$junit"
  ctest --test-dir "$root/build/$preset" --no-tests=error --output-on-failure -j "$(cores)" --output-junit "$junit" "$@" >"$log" 2>&1 </dev/null || true
  if ! read -r total ctest_failed ctest_skipped < <(junit_counts "$junit"); then
    tail -n 40 "$log" >&2
    ctest_failed=1
    return
  fi
  if [ "$ctest_failed" -gt 0 ]; then
    grep -vE '^ *([0-9]+/[0-9]+ Test|Start) .*(Passed|[0-9]+: )' "$log" | tail -n 200 >&2
    if [ "$ctest_failed" -le 3 ] && ! grep -qE 'ThreadSanitizer|AddressSanitizer|LeakSanitizer|runtime error:' "$log"; then
      rm -f "$junit"
      ctest --test-dir "$root/build/$preset" --rerun-failed --output-on-failure --output-junit "$junit" >"$log.again" 2>&1 </dev/null || true
      if read -r again again_failed _ < <(junit_counts "$junit") && [ "$again" -eq "$ctest_failed" ] && [ "$again_failed" -lt "$again" ]; then
        echo "passed only when run once more, alone:" >&2
        grep -E 'Test +#[0-9]+: .* Passed' "$log.again" >&2 || true
        ctest_failed=$again_failed
      fi
    fi
  fi
  # shellcheck disable=SC2034  # for the caller
  ctest_passed=$((total - ctest_failed - ctest_skipped))
}

# junit_counts FILE: "TOTAL FAILED SKIPPED" from the head of ctest's XML; a disabled test counts as skipped.
junit_counts() {
  [ -s "$1" ] && tr '\n' ' ' <"$1" | sed -nE 's/.*<testsuite [^>]*tests="([0-9]+)"[^>]*failures="([0-9]+)"[^>]*disabled="([0-9]+)"[^>]*skipped="([0-9]+)".*/\1 \2 \3 \4/p' |
    awk '$1 > 0 {print $1, $2, $3 + $4; found = 1} END {exit !found}'
}
