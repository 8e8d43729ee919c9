#!/usr/bin/env bash
# run.sh [--build-only | --demo[=SECONDS]] [FLAG...]: installs what is missing on a Debian 12 machine, builds Herdgate and runs it on the embedded
# store, where no Redis is needed. FLAGs go to `herdgate serve`, for example `--upstream redis://127.0.0.1:6379` or `--listen tcp://127.0.0.1:7000`.
# With --upstream or --config among them the embedded store is not used. With --build-only nothing is run. With --demo an app runs behind Herdgate
# whose hot keys expire again and again: a line a second says what was computed, and what would have been without Herdgate.
# The web UI is on 127.0.0.1:6381, or where --admin says; the token for it is made once and kept in ~/.local/state/herdgate, for its owner alone
# (XDG_STATE_HOME and --admin-tokens-file change that). With --config the file alone decides about the web UI.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"
# shellcheck source=tests/lib/token.sh
. "$root/tests/lib/token.sh"

build_only=false demo=false demo_seconds=0
case "${1:-}" in
  -h | --help)
    sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}"
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
need_web
binary=$root/build/release/herdgate
herd=$root/build/release/herdgate-herd
if "$demo"; then
  build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=ON herdgate herdgate_herd
else
  build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=OFF herdgate
fi
[ -x "$binary" ] || die "the build left no program at build/release/herdgate"
web=$root/build/release/web_files.cc
if grep -qs without-web-ui "$web"; then
  say "the web UI could not be built (is the npm registry within reach?) and is LEFT OUT; the next run tries again"
  rm -f "$web"
fi
if "$build_only"; then
  say "built build/release/herdgate"
  exit 0
fi

# The address at which the demo's app finds the sidecar; the last --listen counts.
target=127.0.0.1:6380 has_config=false upstream=(--upstream memory://) previous=
admin=127.0.0.1:6381 gives_admin=false gives_tokens=false
for flag in "$@"; do
  case "$flag" in
    --upstream | --upstream=*) upstream=() ;;
    --config | --config=*) upstream=() has_config=true ;;
    --listen=*) target=${flag#--listen=} ;;
    --admin | --admin=*) gives_admin=true admin=${flag#--admin=} ;;
    --admin-tokens-file | --admin-tokens-file=*) gives_tokens=true ;;
  esac
  [ "$previous" != --listen ] || target=$flag
  [ "$previous" != --admin ] || admin=$flag
  previous=$flag
done

# open_admin: sets admin_flags to what turns the web UI on where the user has not decided, and says where it is.
admin_flags=()
open_admin() {
  local folder page=$admin
  if "$has_config" && ! "$gives_admin"; then return; fi
  [ "$admin" != off ] || return 0
  page=${page/#0.0.0.0:/127.0.0.1:}
  page=${page/#\[::\]:/[::1]:}
  ! answers "$page" || die "$page, for the web UI, is taken, maybe by another Herdgate: choose a port with --admin 127.0.0.1:PORT, or --admin off"
  "$gives_admin" || admin_flags+=(--admin "$admin")
  if "$has_config" || "$gives_tokens"; then return; fi
  folder=$(state_folder)
  if ! keep_token "$binary" "$folder"; then
    is_loopback "$admin" || die "no token can be kept in $folder, and without one the web UI may be on loopback only: set XDG_STATE_HOME, or leave out --admin $admin"
    say "no token can be kept in $folder (set XDG_STATE_HOME): the web UI shows all and changes nothing: http://$page/"
    return
  fi
  admin_flags+=(--admin-tokens-file "$folder/tokens")
  [ "${page##*:}" != 0 ] || page=${page%:*}:PORT # the log line admin.started names it
  say "web UI: http://$page/#token=$(cat "$folder/token")"
}

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

open_admin
if "$demo"; then
  say "an app behind Herdgate on ${target#tcp://}; stop with Ctrl-C"
  [ "$#" -gt 0 ] || say "try:  redis-cli -p 6380 del herd:0        curl 127.0.0.1:9638/metrics"
  serve_demo "${upstream[@]}" "${admin_flags[@]}" "$@"
  exit
fi
if [ "$#" -eq 0 ]; then
  # The two programs of the hint below; Herdgate needs neither.
  (need_tool redis-cli redis-tools) || say "redis-cli is not here: apt-get install redis-tools"
  (need_tool curl curl) || say "curl is not here: apt-get install curl"
  say "serving Redis clients on 127.0.0.1:6380 and metrics on 127.0.0.1:9638; stop with Ctrl-C"
  say "try:  redis-cli -p 6380 set a b        curl 127.0.0.1:9638/metrics"
fi
exec "$binary" serve "${upstream[@]}" "${admin_flags[@]}" "$@"
