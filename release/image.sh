#!/usr/bin/env bash
# Builds the image of this machine's architecture, with docker or else buildah, and names it REPOSITORY:VERSION-ARCHITECTURE.
. "$(dirname "$0")/common.sh"

tag="$repository:$version-$(architecture)"
# RUST names the base by its digest; without it the Dockerfile's own tag is taken.
# What is released is linked to musl, or not at all: the bill of materials says so.
arguments=(--build-arg LIBC=musl --build-arg "REVISION=$commit" ${RUST:+--build-arg "RUST=$RUST"})
if command -v docker >/dev/null; then
    docker build --pull --provenance=false --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" "${arguments[@]}" --tag "$tag" .
else
    buildah bud --isolation chroot --timestamp "$SOURCE_DATE_EPOCH" "${arguments[@]}" --tag "$tag" .
fi
echo "$tag"
