#!/usr/bin/env bash
# Runs every fuzz target for a bounded time: `fuzz/run.sh 60` takes a minute each; `fuzz/run.sh 600 variables` only one.
# Needs a nightly compiler (`rustup toolchain install nightly`) and a C++ compiler. What it finds is in fuzz/artifacts,
# and how to repeat it is in its output.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target}
shift
targets=("$@")
((${#targets[@]})) || targets=(answers error_bodies log_lines locators dates variables)

cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz

failed=()
for target in "${targets[@]}"; do
    echo "== $target"
    # What is learnt stays in `target`; the seeds are read alone.
    learnt=fuzz/target/corpus/$target
    mkdir -p "$learnt"
    cargo +nightly fuzz run "$target" "$learnt" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        || failed+=("$target")
done
if ((${#failed[@]})); then
    echo "found something: ${failed[*]}" >&2
    exit 1
fi
