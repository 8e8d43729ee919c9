# shellcheck shell=bash
# Sourced after common.sh. One way to configure and build, for every script.

: "${root:?source common.sh first}"

# build_preset PRESET [-DNAME=VALUE...] [TARGET...]: configures the preset and builds TARGETs (all by default) below build/PRESET. Uses ccache
# where there is one. Quiet when it works; the compiler's words when it does not. Who comes while another builds the preset waits.
build_preset() {
  local preset=$1 log=$root/build/$1.log options=() targets=() lock
  shift
  while [ "$#" -gt 0 ]; do
    case "$1" in
      -D*) options+=("$1") ;;
      *) targets+=("$1") ;;
    esac
    shift
  done
  mkdir -p "$root/build"
  exec {lock}>"$root/build/$preset.lock"
  flock "$lock"
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
    [ -w "${HOME:-/nonexistent}" ] || export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache}
  fi
  say "building preset $preset${targets[*]:+: ${targets[*]}}"
  if ! (cd "$root" && cmake --preset "$preset" "${options[@]}") >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    die "cmake could not configure preset $preset"
  fi
  [ "${#targets[@]}" -eq 0 ] || targets=(--target "${targets[@]}")
  if ! cmake --build "$root/build/$preset" -j "$(cores)" "${targets[@]}" >"$log" 2>&1 </dev/null; then
    grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking|Generating)' "$log" | tail -n 80 >&2
    die "preset $preset does not build"
  fi
  exec {lock}>&-
}

# need_binary: sets `binary`, unless a flag has, to the herdgate of the release preset, built first if it is missing. Source packages.sh before.
need_binary() {
  if [ -z "$binary" ]; then
    binary=$root/build/release/herdgate
    if [ ! -x "$binary" ]; then
      # shellcheck disable=SC2154  # of packages.sh
      need_packages "${build_packages[@]}"
      build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=OFF herdgate
    fi
  fi
  [ -x "$binary" ] || die "no program at $binary"
}
