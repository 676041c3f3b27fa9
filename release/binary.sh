#!/bin/sh
# Builds the static binary: `release/binary.sh DIRECTORY`. The same source gives the same bytes, wherever it lies.
set -eu

out=$(realpath -m "$1")
cd "$(dirname "$0")/.."
target=$(sh release/target.sh)

# The C library inside the binary, since the last stage has no libraries. Paths of this machine stay out of it.
flags="-C target-feature=+crt-static"
# A panic aborts, so that nothing walks the tables for it: a twelfth of the image.
flags="$flags -C force-unwind-tables=no -C link-arg=-Wl,--no-eh-frame-hdr"
flags="$flags --remap-path-prefix=$PWD=/src"
flags="$flags --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
flags="$flags --remap-path-prefix=$(rustc --print sysroot)=/rust"
case $target in
    *-musl) compiler=musl-gcc ;;
    *) compiler=cc ;;
esac

# The target is named because the flags would else reach the compiler's plug-ins, which must be dynamic.
env "CC_$(echo "$target" | tr - _)=$compiler" \
    RUSTFLAGS="$flags" CFLAGS="-ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
    cargo build --quiet --release --locked --package teamcity-pipe --bin teamcity-pipe \
    --target "$target" --target-dir "${CARGO_TARGET_DIR:-target/release-image}"
mkdir -p "$out"
objcopy --remove-section .eh_frame --remove-section .gcc_except_table \
    "${CARGO_TARGET_DIR:-target/release-image}/$target/release/teamcity-pipe" "$out/teamcity-pipe"
