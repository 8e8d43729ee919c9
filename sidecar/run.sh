#!/usr/bin/env bash
# run.sh [--build-only | --demo[=SECONDS]] [FLAG...]: installs what is missing on a Debian 12 machine, builds Herdgate and runs it on the embedded
# store, where no Redis is needed. FLAGs go to `herdgate serve`, for example `--upstream redis://127.0.0.1:6379` or `--listen tcp://127.0.0.1:7000`.
# With --upstream or --config among them the embedded store is not used. With --build-only nothing is run. With --demo an app runs behind Herdgate
# whose hot keys expire again and again: a line a second says what was computed, and what would have been without Herdgate.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

build_only=false demo=false demo_seconds=0
case "${1:-}" in
  -h | --help)
    sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
  --build-only)
    build_only=true
    shift
    ;;
  --demo | --demo=*)
    demo=true
    [ "$1" = --demo ] || demo_seconds=${1#--demo=}
    shift
    ;;
esac
[[ $demo_seconds =~ ^[0-9]+$ ]] || die "--demo=SECONDS takes a whole number"

need_packages "${build_packages[@]}"
binary=$root/build/release/herdgate
herd=$root/build/release/herdgate-herd
if "$demo"; then
  build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=ON herdgate herdgate_herd
else
  build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=OFF herdgate
fi
[ -x "$binary" ] || die "the build left no program at build/release/herdgate"
if "$build_only"; then
  say "built build/release/herdgate"
  exit 0
fi

# The address at which the demo's app finds the sidecar; the last --listen counts.
target=127.0.0.1:6380 has_config=false upstream=(--upstream memory://) previous=
for flag in "$@"; do
  case "$flag" in
    --upstream | --upstream=*) upstream=() ;;
    --config | --config=*) upstream=() has_config=true ;;
    --listen=*) target=${flag#--listen=} ;;
  esac
  [ "$previous" != --listen ] || target=$flag
  previous=$flag
done

# serve_demo FLAG...: the sidecar and an app behind it. Ends with the first of them, or at a signal, and leaves neither.
serve_demo() {
  local sidecar app child status=0 stopped=false
  case "$target" in
    unix:*) die "the demo needs a TCP address in --listen" ;;
  esac
  target=${target#tcp://}
  target=${target/#0.0.0.0:/127.0.0.1:}
  "$has_config" || set -- --config "$root/tests/bench/herd/demo.yaml" "$@"
  trap 'stopped=true' INT TERM
  "$binary" serve "$@" &
  sidecar=$!
  "$herd" --demo --target "$target" --seconds "$demo_seconds" &
  app=$!
  wait -n "$sidecar" "$app" || status=$?
  # The app first, so that it has no sidecar to miss.
  for child in "$app" "$sidecar"; do
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" || true
  done
  "$stopped" && return 0
  return "$status"
}

if "$demo"; then
  say "an app behind Herdgate on ${target#tcp://}; stop with Ctrl-C"
  [ "$#" -gt 0 ] || say "try:  redis-cli -p 6380 del herd:0        curl 127.0.0.1:9638/metrics"
  serve_demo "${upstream[@]}" "$@"
  exit
fi
if [ "$#" -eq 0 ]; then
  # The two programs of the hint below; Herdgate needs neither.
  (need_tool redis-cli redis-tools) || say "redis-cli is not here: apt-get install redis-tools"
  (need_tool curl curl) || say "curl is not here: apt-get install curl"
  say "serving Redis clients on 127.0.0.1:6380 and metrics on 127.0.0.1:9638; stop with Ctrl-C"
  say "try:  redis-cli -p 6380 set a b        curl 127.0.0.1:9638/metrics"
fi
exec "$binary" serve "${upstream[@]}" "$@"
