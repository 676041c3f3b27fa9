#!/usr/bin/env bash
# Compares teamcity-pipe with other ways to run a TeamCity build from a step: `benches/peers/run.sh [ROUNDS]`.
# Prints the tables of docs/comparison.md, and that of distances in docs/performance.md (PART=distance: that one alone, with the
# binary that PIPE names). Needs Rust, curl, jq and Python 3 with venv; a `teamcity` command line is compared too if it is on the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."
peers=$PWD/benches/peers
rounds=${1:-9}

content=target/image/out
[[ -n ${PIPE:-} ]] || release/content.sh "$content" >&2
venv=target/peers-venv
[[ -x $venv/bin/python ]] || python3 -m venv "$venv" >&2
"$venv/bin/pip" install --quiet --requirement "$peers/requirements.txt" >&2
cargo build --quiet --release --manifest-path "$peers/Cargo.toml" --target-dir target/peers

echo "On $(nproc) processors ($(uname -m)), load $(cut -d' ' -f1 /proc/loadavg); $(curl --version | sed -n '1s/ (.*//p'), $(jq --version), $("$venv/bin/python" --version), python-teamcity $("$venv/bin/pip" show python-teamcity | sed -n 's/^Version: //p'); $(date --utc +%Y-%m-%d)"
echo
target/peers/release/teamcity-peers "$rounds" "${PIPE:-$PWD/$content/teamcity-pipe}" \
    "bash $peers/with-curl.sh" "$PWD/$venv/bin/python $peers/with-python.py" "$(command -v teamcity || true)"
[[ ${PART:-} != distance ]] || exit 0

# What a step pulls for it, compressed.
bytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }
echo 'What a step pulls, compressed:'
echo
echo "- teamcity-pipe: $(bytes "$(tar -C "$content" -c . | gzip -9 | wc -c)"), the image's one layer"
if command -v apt-get >/dev/null; then
    # As on a machine that has nothing yet.
    debian=$(apt-get install --print-uris -qq --no-install-recommends -o Dir::State::status=/dev/null curl jq ca-certificates bash coreutils 2>/dev/null \
        | awk '{ sum += $3 } END { print sum + 0 }')
    echo "- curl and jq: $(bytes "$debian") of Debian packages, with all that they need; nothing where the step's image has them"
    python=$(apt-get install --print-uris -qq --no-install-recommends -o Dir::State::status=/dev/null python3 ca-certificates 2>/dev/null \
        | awk '{ sum += $3 } END { print sum + 0 }')
    wheels=$(mktemp -d)
    "$venv/bin/pip" download --quiet --dest "$wheels" --requirement "$peers/requirements.txt" >&2
    echo "- python-teamcity: $(bytes "$(cat "$wheels"/* | wc -c)") of packages from PyPI, and $(bytes "$python") of Debian packages where the step's image has no Python"
    rm -rf "$wheels"
fi
