#!/usr/bin/env bash
# run.sh: the checks that read the tree and build nothing, each counted as one test, after their own tests. Ends with "N passed, N failed".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"

need_packages python3 git
passed=0 failed=0 skipped=0

# check NAME COMMAND...: runs one check and counts it.
check() {
  local name=$1
  shift
  if "$@" </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    say "check $name failed"
  fi
}

# self_tests FOLDER: the *_test.py of a folder of tests/.
self_tests() { PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover -q -s "$root/tests/$1" -p '*_test.py' 2>&1; }

shell_scripts() { git -c safe.directory='*' -C "$root" ls-files -z --cached --others --exclude-standard '*.sh' .ci/run; }

shell_check() { (cd "$root" && shell_scripts | xargs -0 -r shellcheck --external-sources); }

for folder in checks clients dashboards lib suite; do check "self-tests of $folder" self_tests "$folder"; done
check layers python3 "$root/tests/checks/layers.py"
check sizes python3 "$root/tests/checks/sizes.py"
check hygiene python3 "$root/tests/checks/hygiene.py"
if need_tool shellcheck shellcheck; then
  check shellcheck shell_check
else
  say "skipped: shellcheck is not installed"
  skipped=1
fi

tally "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
