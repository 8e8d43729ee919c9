# shellcheck shell=bash
# Sourced after common.sh. Installs Debian packages that are missing; does nothing, and needs no root, when all are there.

: "${root:?source common.sh first}"

# What sidecar/run.sh builds with. libssl and brotli are what the pkg-config file of cpp-httplib asks for, and zlib too.
# shellcheck disable=SC2034  # used by the scripts that source this file
build_packages=(g++ cmake ninja-build pkg-config libuv1-dev libcpp-httplib-dev libssl-dev zlib1g-dev libbrotli-dev
  prometheus-cpp-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev libxxhash-dev
  libre2-dev)

# What tests/run.sh needs besides: test libraries, a real Redis and an independent client.
# shellcheck disable=SC2034
test_packages=(libgtest-dev libgmock-dev redis-server redis-tools libhiredis-dev python3 curl ca-certificates
  openssl procps)

# need_web: what builds the web UI. Where it can't be had: ends the script in CI; elsewhere says so, and the program is built without the UI.
need_web() {
  need_tool node nodejs && need_tool npm npm && return 0
  say "there is no node or no npm: the web UI is left out of this program"
}

# missing_packages NAME...: prints those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

# need_packages NAME...: returns when all are installed; ends the script with one line when that can't be done.
need_packages() {
  local missing=() as_root=()
  command -v dpkg-query >/dev/null || die "this script installs Debian packages and found no dpkg; by hand it needs: $*"
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root and no sudo; install first: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" "$root/tests/lib/install_packages.sh" "${missing[@]}" || die "could not install: ${missing[*]}"
}

# need_tool TOOL PACKAGE: installs PACKAGE if the command TOOL is missing. Where that fails: ends the script in CI, returns 1 elsewhere, so that the
# caller can skip in plain sight.
need_tool() {
  command -v "$1" >/dev/null && return 0
  (need_packages "$2") && hash -r && command -v "$1" >/dev/null && return 0
  in_ci && die "$1 (package $2) is missing"
  return 1
}
