# shellcheck shell=bash
# Sourced after common.sh. Go, for the tools that exist as Go modules only.

: "${root:?source common.sh first}"

# need_go: makes sure that PATH has a Go that can build them. Debian 12's is older than they ask for, but can fetch a newer one, which is a module like any
# other and checked against Go's database of checksums. Fails, and says why in the log, where neither can be had.

go_least=1.26.3 # asked for by the linter of dashboards
go_toolchain=v0.0.1-go1.26.8.linux-amd64
need_go() {
  local log folder
  go_is_new_enough && return
  log=$root/build/go.log
  mkdir -p "$root/build"
  [ -n "${GOPATH:-}" ] || [ -w "${HOME:-/nonexistent}" ] || export GOPATH=$root/build/go GOCACHE=$root/build/go-cache
  command -v go >/dev/null || [ "$(dpkg --print-architecture)" = amd64 ] || return 1
  command -v go >/dev/null || (need_tool go golang-go) || return 1
  folder=$(cd "$root/build" && GOFLAGS=-mod=mod go mod download -json "golang.org/toolchain@$go_toolchain" 2>"$log" </dev/null | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  [ -x "${folder:-/nonexistent}/bin/go" ] || {
    [ -d "$folder/bin" ] || return 1
    # Modules carry no execute bits.
    chmod -R a+x "$folder/bin" "$folder/pkg/tool" || return 1
  }
  PATH=$folder/bin:$PATH
  hash -r
  go_is_new_enough
}

go_is_new_enough() {
  local version
  command -v go >/dev/null || return 1
  version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null </dev/null)
  printf '%s\n' "$go_least" "${version#go}" | sort --version-sort --check 2>/dev/null
}
