# shellcheck shell=bash
# Sourced by every script of this repository. Sets `root` (the top of the repository) and offers the few things that all scripts need.
# Nothing here needs HOME, a terminal or stdin.

# shellcheck disable=SC2034  # for the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LC_ALL=C.UTF-8

# say TEXT...: one line of progress, on stderr, so that stdout stays for results.
say() { printf '==> %s\n' "$*" >&2; }

# die TEXT...: one clear line and exit 1.
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# in_ci: true where a missing tool is a failure and not a skip.
in_ci() { [ "${CI:-}" = true ] || [ "${CI:-}" = 1 ]; }

# cores: how many processes may run at once: JOBS if it is set, else the CPUs that this process may use, cut to the cgroup's quota.
cores() {
  local count quota period
  if [ -n "${JOBS:-}" ]; then
    echo "$JOBS"
    return
  fi
  count=$(nproc)
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
    quota=$(((quota + period - 1) / period))
    [ "$quota" -ge "$count" ] || count=$quota
  fi
  echo $((count > 1 ? count : 1))
}

# tally PASSED FAILED [SKIPPED]: the closing line of a test script; .ci/run adds these lines up.
tally() {
  if [ "${3:-0}" -gt 0 ]; then
    echo "$1 passed, $2 failed, $3 skipped"
  else
    echo "$1 passed, $2 failed"
  fi
}

# read_tally FILE: "PASSED FAILED SKIPPED" from the last closing line in FILE; fails if there is none.
read_tally() {
  sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 0\4/p' "$1" | tail -n 1 | awk '{print $1, $2, $3 + 0; found = 1} END {exit !found}'
}
