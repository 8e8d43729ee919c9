#!/usr/bin/env bash
# dockerfile.sh: runs helm/image/Dockerfile itself, by buildah without a daemon, and compares each file of its image with that of build.sh: content, mode,
# owner, time. Compiles everything anew, so it takes ten minutes and more. Needs root, and a network for apt and npm.
# Where npm needs a certificate authority of the site's own, NODE_EXTRA_CA_CERTS names its file. Ends with "N passed, N failed".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"

[ "$(id -u)" -eq 0 ] || { say "skipped: needs root" && tally 0 0 1 && exit 0; }
need_packages buildah python3
git() { command git -c safe.directory='*' -C "$root" "$@"; }
REVISION=$(git rev-parse --short=12 HEAD) SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export REVISION SOURCE_DATE_EPOCH
"$root/helm/image/build.sh" >/dev/null
work=$root/build/image/buildah
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/context"
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

# Debian as build.sh made it stands for debian:12-slim.
container=$(buildah from scratch)
mounted=$(buildah mount "$container")
cp -a "$root/build/image/base/." "$mounted/"
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  cp "$NODE_EXTRA_CA_CERTS" "$mounted/usr/local/share/site-ca.crt"
  echo 'cafile=/usr/local/share/site-ca.crt' >"$mounted/root/.npmrc"
fi
buildah umount "$container" >/dev/null
buildah commit -q --rm "$container" base:12 >/dev/null

(cd "$root" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/context")
say "building helm/image/Dockerfile"
buildah bud -f "$root/helm/image/Dockerfile" --build-arg BASE=localhost/base:12 --build-arg JOBS="$(cores)" -t herdgate \
  --build-arg REVISION="$REVISION" --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$work/context" >"$root/build/image/buildah.log" 2>&1 ||
  { tail -n 30 "$root/build/image/buildah.log" >&2 && die "the Dockerfile does not build"; }
buildah push -q herdgate "oci-archive:$work/herdgate.tar"

PYTHONPATH=$root/tests/pod PYTHONDONTWRITEBYTECODE=1 python3 - "$root/build/image/herdgate.tar" "$work/herdgate.tar" <<'PYTHON'
import hashlib
import io
import sys
import tarfile

import check_image
import tally


def content(image):
    found = {}
    for layer in image.layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
            for one in tar:
                data = hashlib.sha256(tar.extractfile(one).read()).hexdigest() if one.isfile() else one.linkname
                found[one.name.strip("/")] = (one.type, one.mode & 0o7777, one.uid, one.gid, int(one.mtime), data)
    return found


ours, theirs = (check_image.Image(path) for path in sys.argv[1:])
one, other, count = content(ours), content(theirs), tally.Tally()
different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
count.check(not different and len(one) > 50, "each file is the same as in the image of the Dockerfile", different[:10] or len(one))
wanted = {key: ours.settings["config"].get(key) for key in ("User", "Entrypoint", "Cmd", "ExposedPorts")}
count.check(wanted == {key: theirs.settings["config"].get(key) for key in wanted}, "so are user, command and ports")
sys.exit(count.close())
PYTHON
