#!/usr/bin/env bash
# Runs every fuzz target for so many seconds: `fuzz/run.sh SECONDS [TARGET…]`. Needs a nightly compiler; installs cargo-fuzz.
# A finding stays in fuzz/artifacts/TARGET, and is the script's failure. New inputs go to target/fuzz-corpus, not to the seeds.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target}
shift
command -v cargo-fuzz >/dev/null || cargo install --quiet --locked cargo-fuzz
targets=("$@")
((${#targets[@]})) || mapfile -t targets < <(cargo +nightly fuzz list)
cargo +nightly fuzz build
for target in "${targets[@]}"; do
    mkdir -p "target/fuzz-corpus/$target"
    cargo +nightly fuzz run "$target" "target/fuzz-corpus/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 2>&1 \
        | tee "target/fuzz-corpus/$target.log" | grep -E '^(stat::number_of_executed_units|Done|SUMMARY|thread|==)' | sed "s/^/$target: /"
done
