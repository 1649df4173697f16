#!/bin/sh
# Installs what a worker calls and the base image lacks.
set -eu
missing=
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need nft nftables
need ip iproute2
need conntrack conntrack
need nsenter util-linux
need busybox busybox-static
[ -n "$missing" ] || exit 0
apt-get update -q
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
rm -rf /var/lib/apt/lists/*
