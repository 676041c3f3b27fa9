#!/bin/sh
# Prints the target that the image's binary is built for. musl makes it a fifth smaller than glibc; where its part of Rust or
# its compiler is not there, it is glibc, unless LIBC=musl demands it. Both are linked statically.
set -eu

musl="$(uname -m)-unknown-linux-musl"
if command -v musl-gcc >/dev/null && [ -d "$(rustc --print sysroot)/lib/rustlib/$musl/lib" ]; then
    echo "$musl"
elif [ "${LIBC:-}" = musl ]; then
    echo "target.sh: musl-gcc or Rust's part for $musl is missing, see release/toolchain.sh" >&2
    exit 1
else
    echo "$(uname -m)-unknown-linux-gnu"
fi
