#!/usr/bin/env bash
# compile.sh FOLDER: builds the program that goes into the image, on Debian 12, and leaves in FOLDER
#   herdgate        optimised, stripped, the same bytes wherever the sources lie
#   built-in.json   what it holds of others without a library of theirs: headers and the web UI's modules, with their versions
#   licenses/       the licence texts of those
# Dockerfile and build.sh both call this. REVISION names the commit where there is no git.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"

out=${1:?compile.sh needs a folder to write to}
need_packages "${build_packages[@]}" python3 binutils
{ need_tool node nodejs && need_tool npm npm; } || die "the image's program needs its web UI: node 18 and npm"

[ -z "${REVISION:-}" ] || export HERDGATE_REVISION=$REVISION
# Here a web UI that does not build is a failure, and not a page that says so.
CI=true build_preset release -DHERDGATE_TESTS=OFF -DHERDGATE_BENCH=OFF -DHERDGATE_WEB=ON herdgate
program=$root/build/release/herdgate
! grep -q 'was built without its web UI' "$program" || die "this program was built without its web UI: remove build/release/web_files.cc"

mkdir -p "$out"
rm -rf "$out/licenses" && mkdir "$out/licenses"
# The build's id is a hash that takes the debug information in, and so the folder of the sources.
strip --strip-all --remove-section=.note.gnu.build-id --remove-section=.comment -o "$out/herdgate.new" "$program"
mv "$out/herdgate.new" "$out/herdgate"
python3 "$root/helm/image/built_in.py" "$out"
