#!/bin/sh
# Installs what `release/target.sh` looks for, where that is possible: root on a Debian, and a network.
set -eu

if ! command -v musl-gcc >/dev/null; then
    apt-get update -q >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends musl-tools >/dev/null
fi
musl="$(uname -m)-unknown-linux-musl"
[ -d "$(rustc --print sysroot)/lib/rustlib/$musl/lib" ] || rustup target add "$musl"
