#!/usr/bin/env bash
# run.sh [--build-only] [FLAG...]: installs what is missing on a Debian 12 machine, builds Herdgate and runs it on the embedded store, where no
# Redis is needed. FLAGs go to `herdgate serve`, for example `--upstream redis://127.0.0.1:6379` or `--listen tcp://127.0.0.1:7000`. With
# --upstream or --config among them the embedded store is not used. With --build-only nothing is run.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

case "${1:-}" in
  -h | --help)
    sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
esac

build_only=false
if [ "${1:-}" = --build-only ]; then
  build_only=true
  shift
fi

need_packages "${build_packages[@]}"
build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=OFF herdgate
binary=$root/build/release/herdgate
[ -x "$binary" ] || die "the build left no program at build/release/herdgate"
if "$build_only"; then
  say "built build/release/herdgate"
  exit 0
fi

upstream=(--upstream memory://)
for flag in "$@"; do
  case "$flag" in
    --upstream | --upstream=* | --config | --config=*) upstream=() ;;
  esac
done
if [ "$#" -eq 0 ]; then
  # The two programs of the hint below; Herdgate needs neither.
  (need_tool redis-cli redis-tools) || say "redis-cli is not here: apt-get install redis-tools"
  (need_tool curl curl) || say "curl is not here: apt-get install curl"
  say "serving Redis clients on 127.0.0.1:6380 and metrics on 127.0.0.1:9638; stop with Ctrl-C"
  say "try:  redis-cli -p 6380 set a b        curl 127.0.0.1:9638/metrics"
fi
exec "$binary" serve "${upstream[@]}" "$@"
