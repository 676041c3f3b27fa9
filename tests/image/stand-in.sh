#!/usr/bin/env bash
# Makes an image under the name of the Dockerfile's base, from Debian's packages and this machine's Rust:
# `tests/image/stand-in.sh NAME [options of buildah]`. Needs root, buildah and debootstrap.
set -euo pipefail

name=$1
shift
buildah() { command buildah "${store[@]}" "$@"; }
store=("$@")

container=$(buildah from scratch)
root=$(buildah mount "$container")
debootstrap --variant=minbase --include=gcc,libc6-dev,musl-tools,ca-certificates bookworm "$root"
sysroot=$(rustc --print sysroot)
cp -a "$sysroot/bin" "$sysroot/lib" "$root/usr/local/"
# Where this machine trusts more, such as a proxy's certificate, cargo must trust it in the builder too.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
buildah umount "$container"
buildah config --env CARGO_HOME=/usr/local/cargo --env PATH=/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin "$container"
buildah commit --rm "$container" "$name"
