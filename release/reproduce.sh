#!/usr/bin/env bash
# Builds the committed source twice, in different places, and compares the bytes of what the image holds.
. "$(dirname "$0")/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for place in one two/deeper; do
    git clone --quiet . "$work/$place"
    (cd "$work/$place" && git checkout --quiet "$commit" && release/content.sh out)
done
(cd "$work/one/out" && sha256sum ./*) >"$work/sums"
cat "$work/sums"
(cd "$work/two/deeper/out" && sha256sum --check --quiet "$work/sums")
echo "The same bytes from two places, commit $commit"
