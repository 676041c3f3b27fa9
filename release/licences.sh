#!/bin/sh
# Prints the licences of everything in the binary: a list of the crates, then each text once with the crates that bring it.
# Needs their sources, which `release/binary.sh` has fetched.
set -eu

cd "$(dirname "$0")/.."
sources="${CARGO_HOME:-$HOME/.cargo}/registry/src"
target=$(sh release/target.sh)
texts=$(mktemp -d)
trap 'rm -rf "$texts"' EXIT

crates() {
    cargo tree --locked --offline --package teamcity-pipe --edges normal,no-proc-macro \
        --target "$target" --prefix none --format '{p} {l}' \
        | sed -e 's/ (proc-macro)//' -e 's/ (\*)$//' | grep -v '^teamcity-pipe ' | LC_ALL=C sort -u
}

echo 'teamcity-pipe itself is under the Apache License 2.0, see /LICENSE. Its binary holds the crates below, the Rust'
case $target in
    *-musl)
        library=musl
        echo 'standard library (MIT OR Apache-2.0), and the C library musl (MIT, https://musl.libc.org/), linked statically.'
        set -- /usr/share/doc/musl/copyright
        ;;
    *)
        library='GNU C Library'
        echo 'standard library (MIT OR Apache-2.0), and the GNU C Library (LGPL-2.1-or-later, https://www.gnu.org/software/libc/),'
        echo 'linked statically. Source and build instructions, to link it with another C library, are where the image label'
        echo 'org.opencontainers.image.source says.'
        set -- /usr/share/doc/libc6/copyright /usr/share/common-licenses/LGPL-2.1
        ;;
esac
echo
crates | sed 's/ v/ /'

crates | while read -r name version _; do
    directory=$(echo "$sources"/*/"$name-${version#v}")
    for file in "$directory"/LICEN[SC]E* "$directory"/COPYING* "$directory"/NOTICE* "$directory"/license* "$directory"/LICENSES/*; do
        [ -f "$file" ] || continue
        # Texts that differ in white space alone are one.
        key=$(tr -s ' \t\r\n' ' ' < "$file" | sha256sum | cut -c1-16)
        [ -f "$texts/$key.text" ] || tr -d '\r' < "$file" > "$texts/$key.text"
        echo "$name ${version#v}" >> "$texts/$key.crates"
    done
done

for text in "$@" "$texts"/*.text; do
    [ -f "$text" ] || continue
    printf '\n%s\n' '================================================================================'
    case $text in
        "$texts"/*) sort -u "${text%.text}.crates" ;;
        *) echo "$library" ;;
    esac
    printf '%s\n\n' '--------------------------------------------------------------------------------'
    cat "$text"
done
