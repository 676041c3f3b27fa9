#!/usr/bin/env bash
# Joins the images of both architectures, which have been pushed, under the version, and writes the digest of the whole to
# target/release-artifacts/digest. Shows what it would do, unless called with --really. Needs docker and a login to the registry.
. "$(dirname "$0")/common.sh"

# A version is published once: whoever pinned it must not get another.
if $really && docker manifest inspect "$repository:$version" >/dev/null 2>&1; then
    die "$repository:$version is there already"
fi
run docker buildx imagetools create --tag "$repository:$version" "$repository:$version-amd64" "$repository:$version-arm64"
if $really; then
    docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$repository:$version" >"$out/digest"
    cat "$out/digest"
else
    echo "would write the digest to $out/digest"
fi
