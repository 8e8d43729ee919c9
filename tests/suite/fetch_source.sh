#!/usr/bin/env bash
# fetch_source.sh DIR: unpacks Debian's source package of the installed redis-server into DIR/redis, from the mirror that this machine's apt is set
# up for. The machine's own settings stay as they are: a copy of them, with deb turned into deb-src, lives in DIR. Needs no root.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

dir=$1
mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/archives/partial"

# The files in which apt's settings name Debian itself; all of them while apt has no package lists that would tell.
debian_sources() {
  local found
  # shellcheck disable=SC2016  # these are apt's variables
  found=$(apt-get indextargets --format '$(ORIGIN)|$(SOURCESENTRY)' 2>/dev/null | sed -nE 's/^Debian\|(.*):[0-9]+$/\1/p' | sort -u)
  if [ -n "$found" ]; then
    echo "$found"
  else
    find /etc/apt/sources.list /etc/apt/sources.list.d -name '*.list' -o -name '*.sources' 2>/dev/null
  fi
}

count=0
while read -r file; do
  count=$((count + 1))
  case "$file" in
    *.sources) sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$dir/sources/$count.sources" ;;
    *) sed -nE 's/^deb(-src)?[[:space:]]/deb-src /p' "$file" | sort -u >"$dir/sources/$count.list" ;;
  esac
done < <(debian_sources)
[ "$count" -gt 0 ] || die "apt has no sources from which to fetch the source of redis"

apt_here() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$dir/sources" -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir" \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@" >>"$dir/apt.log" 2>&1 </dev/null
}

# The tests must be those of the server that is installed; its own version may have left the mirror, then the newest will do.
version=$(dpkg-query -W -f '${source:Version}' redis-server)
cd "$dir"
apt_here update || say "apt-get update had errors; trying all the same"
if ! apt_here source --download-only "redis=$version" && ! apt_here source --download-only redis; then
  tail -n 15 "$dir/apt.log" >&2
  die "could not fetch the source package of redis $version"
fi
# apt has compared the checksums with the signed index; the check here would want the maintainer's key.
dpkg-source --no-check -x redis_*.dsc redis >/dev/null
