#!/bin/sh
# base.sh: inside a bare Debian 12, brings in the newest security updates, the libraries of packages.txt, and Python, with which assemble.py runs; of all
# this only the libraries reach the image. Dockerfile and build.sh both call this.
set -eu
export DEBIAN_FRONTEND=noninteractive
folder=$(dirname "$0")
apt-get -q update
apt-get -q -y -o Dpkg::Options::=--force-confold upgrade
# shellcheck disable=SC2046  # a list of names
apt-get -q -y install --no-install-recommends python3 $(cat "$folder/packages.txt")
