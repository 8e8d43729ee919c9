#!/bin/sh
# Installs the clients of the scenarios: Debian packages that are missing, a Python venv, and the npm packages.
#   tests/clients/install.sh DIRECTORY
# Everything but the Debian packages goes below DIRECTORY. A second run with the same manifests does nothing.
# A part that can't be installed is only reported here; the runner decides whether that is a skip or a failure.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
python=/usr/bin/python3

say() { echo "clients: $*" >&2; }

have() { command -v "$1" > /dev/null 2>&1; }

# A Debian package is missing if the test that follows its name fails.
missing=
need() {
  package=$1
  shift
  "$@" > /dev/null 2>&1 || missing="$missing $package"
}

need_debian_packages() {
  need redis-server have redis-server
  need redis-tools have redis-benchmark
  need python3-venv "$python" -c 'import ensurepip, venv'
  need python3-redis "$python" -c 'import redis'
  need nodejs have node
  need npm have npm
  need php-cli have php
  need php-redis php -r 'exit(extension_loaded("redis") ? 0 : 1);'
  need ruby-redis ruby -e 'require "redis"'
  need ruby-activesupport ruby -e 'require "active_support"'
  need ruby-sidekiq have sidekiq
}

install_debian_packages() {
  as_root=
  if [ "$(id -u)" != 0 ]; then
    have sudo || { say "not root, and no sudo: can't install$missing"; return 0; }
    as_root=sudo
  fi
  have apt-get || { say "no apt-get: can't install$missing"; return 0; }
  say "installing Debian packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of words
  $as_root apt-get install -y -q --no-install-recommends $missing > "$build/apt.log" 2>&1 && return 0
  $as_root apt-get update -q >> "$build/apt.log" 2>&1 || true
  for package in $missing; do
    $as_root apt-get install -y -q --no-install-recommends "$package" >> "$build/apt.log" 2>&1 ||
      say "apt-get could not install $package, see $build/apt.log"
  done
}

# Runs a command unless its stamp already holds this fingerprint.
once() {
  stamp=$1
  fingerprint=$2
  shift 2
  if [ "$(cat "$stamp" 2> /dev/null)" = "$fingerprint" ]; then
    return 0
  fi
  if "$@"; then
    echo "$fingerprint" > "$stamp"
  else
    say "$1 failed, see the logs in $build"
  fi
}

install_python() {
  say "installing the Python clients"
  rm -rf "$build/venv"
  "$python" -m venv "$build/venv" > "$build/pip.log" 2>&1 &&
    "$build/venv/bin/pip" install -q -r "$here/python/requirements.txt" >> "$build/pip.log" 2>&1
}

# No lock file: the manifest pins exact versions, and a lock file would name a registry.
# An engines warning is not an error: ioredis 6 and node-redis 6 ask for Node 20, but run on Debian's 18.
install_node() {
  say "installing the Node clients"
  rm -rf "$build/node"
  mkdir -p "$build/node"
  cp "$here/node/package.json" "$build/node/"
  (cd "$build/node" && npm install --no-package-lock --ignore-scripts --no-audit --no-fund > "$build/npm.log" 2>&1)
}

mkdir -p "$build"
exec 9> "$build/.lock"
flock 9
need_debian_packages
if [ -n "$missing" ]; then
  install_debian_packages
fi
if have "$python"; then
  once "$build/venv.stamp" "$("$python" -V) $(sha256sum < "$here/python/requirements.txt")" install_python
fi
if have npm; then
  once "$build/node.stamp" "$(node -v) $(sha256sum < "$here/node/package.json")" install_node
fi
