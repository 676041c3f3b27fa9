#!/bin/sh
# Makes what the image holds: `release/content.sh DIRECTORY`. The same source gives the same bytes, times and permissions.
set -eu

out=$(realpath -m "$1")
mkdir -p "$out"
cd "$(dirname "$0")/.."
sh release/binary.sh "$out"
sh release/licences.sh > "$out/THIRD-PARTY-LICENSES"
cp LICENSE "$out/LICENSE"
chmod 755 "$out/teamcity-pipe"
chmod 644 "$out/LICENSE" "$out/THIRD-PARTY-LICENSES"
touch --date=@0 "$out"/*
