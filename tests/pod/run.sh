#!/usr/bin/env bash
# run.sh [--keep FOLDER] [ACT...]: builds the image twice (helm/image/build.sh), checks it, and acts out a pod with it: acts.py says which acts there are.
#   --keep FOLDER   leave logs and reports of the acts there
# Needs root, because it makes namespaces and mounts; without, it skips in plain sight. Ends with "N passed, N failed".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"

case "${1:-}" in -h | --help) sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;; esac

# in_own_root COMMAND...: in a chroot / is no mount point, and processes can't change their root; COMMAND gets a / that is one. Fails where the mount
# would be seen outside.
in_own_root() {
  # shellcheck disable=SC2016  # for the inner shell
  exec unshare --mount --propagation unchanged sh -c '
    folder=$1 && shift && mount --bind / "$folder" || exit 1
    ! grep -q " $folder .* shared:" /proc/self/mountinfo || { umount "$folder" && exit 1; }
    mount -t proc proc "$folder/proc" && mount --bind /sys "$folder/sys" && mount --bind /dev "$folder/dev" && exec chroot "$folder" "$@"' _ "$@"
}

namespaces() { unshare --mount --net --pid --ipc --uts --fork true 2>/dev/null; }
if ! namespaces && [ -z "${HERDGATE_OWN_ROOT:-}" ] && [ "$(id -u)" -eq 0 ]; then
  folder=$(mktemp -d)
  if (in_own_root "$folder" true) 2>/dev/null; then HERDGATE_OWN_ROOT=1 in_own_root "$folder" "$root/tests/pod/run.sh" "$@"; fi
  rmdir "$folder"
fi
if ! namespaces; then
  say "skipped: making namespaces takes root, which this is not, or not wholly"
  tally 0 0 1
  exit 0
fi
need_packages redis-server iproute2 mount python3 python3-redis

passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# count COMMAND...: runs it and adds its closing line up; without one it counts as one failure.
count() {
  local well=0 badly=0 status=0
  "$@" </dev/null 2>&1 | tee "$log" || status=$?
  read -r well badly _ < <(read_tally "$log") || badly=1
  [ "$status" -eq 0 ] || [ "$badly" -gt 0 ] || badly=1
  passed=$((passed + well)) failed=$((failed + badly))
}

if "$root/helm/image/build.sh" --twice; then
  passed=1
  export PYTHONDONTWRITEBYTECODE=1
  count "$root/tests/pod/check_image.py" "$root/build/image/herdgate.tar"
  count timeout 300 "$root/tests/pod/acts.py" "$@"
else
  failed=1
fi
tally "$passed" "$failed"
[ "$failed" -eq 0 ]
