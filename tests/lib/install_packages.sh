#!/usr/bin/env bash
# install_packages.sh NAME...: apt-get install as root, without questions, and without starting the services that packages bring: a redis-server
# on port 6379 would stand in the way of the machine's own. Called by need_packages; runs one at a time.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
apt_log=$(mktemp)
made_policy=false

cleanup() {
  rm -f "$apt_log"
  if "$made_policy"; then rm -f "$policy"; fi
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# The lock keeps a second caller from losing the policy file of the first.
{ exec 9>/run/lock/herdgate-packages; } 2>/dev/null || exec 9>/tmp/herdgate-packages.lock
flock 9

if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made_policy=true
fi

apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold "$@" >"$apt_log" 2>&1 9>&- </dev/null; }
install() { apt install --no-install-recommends "$@"; }

# The package lists may be absent (a fresh image) or older than the mirror: read them anew only then.
if ! install "$@"; then
  if ! apt update || ! install "$@"; then
    tail -n 15 "$apt_log" >&2
    exit 1
  fi
fi
