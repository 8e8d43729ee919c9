#!/bin/sh
# Runs real Redis clients through Herdgate. Installs what they need first (into build/clients), see README.md.
#   tests/clients/run.sh [--direct | --memory | --policies | --near | --stampede [--direct] | --endpoint HOST:PORT]
#                        [--herdgate FILE] [--only NAME]... [--jobs N] [--no-install] [--list]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build/clients

install=yes
for word in "$@"; do
  case $word in
    --no-install | --list | --help | -h) install=no ;;
  esac
done
if [ "$install" = yes ]; then
  "$here/install.sh" "$build"
fi
exec python3 "$here/run_scenarios.py" --build "$build" "$@"
