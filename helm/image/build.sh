#!/usr/bin/env bash
# build.sh [FLAG...]: builds the image on Debian 12 without a container engine, as root. Leaves in build/image
#   herdgate.tar        the image, an OCI layout in one file: `docker load`, `podman load`, `skopeo copy oci-archive:...`
#   herdgate.spdx.json  what is in it
#   root/               its root file system; root.list: a line for each of its files
#   image.json          digest and sizes
#   --fresh             make the base anew; without, one that is younger than a day is used again
#   --twice             build everything after the base again in other folders, and fail unless the digests are equal
#   --check             also run tests/pod/check_image.py on the result
# The base is made by debootstrap from this machine's own Debian mirror; from there on the steps are those of the Dockerfile, by the same scripts.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"

here=$root/helm/image out=$root/build/image fresh=false twice=false check=false
for flag in "$@"; do
  case "$flag" in
    --fresh) fresh=true ;;
    --twice) twice=true ;;
    --check) check=true ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $flag (see --help)" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || die "needs root: debootstrap and chroot"
# shellcheck source=/dev/null
[ "$(. /etc/os-release && echo "${ID:-}${VERSION_ID:-}")" = debian12 ] || die "needs Debian 12, because the program is compiled on this machine; elsewhere use the Dockerfile"
need_packages debootstrap python3

# mirrors: "URL SUITE COMPONENT" of each of this machine's own Debian sources.
mirrors() {
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}

# inside BASE COMMAND...: in the base, with a /proc of its own.
inside() {
  # shellcheck disable=SC2016  # for the inner shell
  unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' _ "$@" </dev/null
}

# make_base BASE: Debian's smallest system, then what the Dockerfile's stage `root` does to its own.
make_base() {
  local base=$1 mirror
  rm -rf "$base"
  mirrors | grep -q ' bookworm main$' || apt-get -q update
  mirror=$(mirrors | awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
  [ -n "$mirror" ] || die "this machine has no Debian mirror among its apt sources"
  mirrors | grep -q security || say "warning: this machine has no source of security updates, so the image has none"
  debootstrap --variant=minbase bookworm "$base" "$mirror"
  mirrors | sed 's/^/deb /' >"$base/etc/apt/sources.list"
  mkdir "$base/image"
  cp "$here/base.sh" "$here/packages.txt" "$base/image"
  inside "$base" /image/base.sh
}

# build_in FOLDER: from the parts to the image's file.
build_in() {
  local folder=$1
  rm -rf "$base/image" "$base/parts" "$base/root-of-image"
  mkdir -p "$base/image" "$folder"
  cp "$here/assemble.py" "$here/sbom.py" "$root/LICENSE" "$base/image"
  cp -r "$out/parts" "$base/parts"
  inside "$base" python3 /image/assemble.py --parts /parts --license /image/LICENSE --epoch "$SOURCE_DATE_EPOCH" --revision "$REVISION" \
    --out /root-of-image >"$folder/root.list"
  rm -rf "$folder/root"
  mv "$base/root-of-image" "$folder/root"
  python3 "$here/oci.py" --root "$folder/root" --dockerfile "$here/Dockerfile" --arg "REVISION=$REVISION" --epoch "$SOURCE_DATE_EPOCH" \
    --out "$folder/herdgate.tar" >"$folder/image.json"
  cp "$folder/root/usr/share/sbom/herdgate.spdx.json" "$folder/"
}

git() { command git -c safe.directory='*' -C "$root" "$@"; }
REVISION=${REVISION:-$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export REVISION SOURCE_DATE_EPOCH

mkdir -p "$out"
base=$out/base log=$out/base.log
"$here/compile.sh" "$out/parts"
if "$fresh" || [ -z "$(find "$base.made" -mmin -1440 -newer "$here/packages.txt" -newer "$here/base.sh" 2>/dev/null)" ]; then
  say "making the base"
  rm -f "$base.made"
  make_base "$base" >"$log" 2>&1 || { tail -n 20 "$log" >&2 && die "could not make the base"; }
  touch "$base.made"
fi
say "laying out and packing"
build_in "$out"
if "$twice"; then
  build_in "$out/again"
  diff "$out/root.list" "$out/again/root.list" >&2 || die "the second root file system differs"
  cmp "$out/herdgate.tar" "$out/again/herdgate.tar" || die "the second image differs"
  rm -rf "$out/again"
  say "built twice: equal"
fi
cat "$out/image.json"
! "$check" || exec "$root/tests/pod/check_image.py" "$out/herdgate.tar"
