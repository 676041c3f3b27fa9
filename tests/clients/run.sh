#!/usr/bin/env bash
# Other people's clients, as they are, against the simulator with the shop of JetBrains' names:
# two from PyPI in a virtual environment of their own, and the program `teamcity` if it is on the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

clients=(python-teamcity==0.3.0 dohq-teamcity==1.0.10)
venv=${CARGO_TARGET_DIR:-target}/clients/venv

skip() { echo "clients: skipped: $1"; }

work=$(mktemp -d)
simulator=
: >"$work/simulator"
trap '[[ -z $simulator ]] || kill "$simulator" 2>/dev/null; rm -rf "$work"' EXIT

cargo build --quiet --locked --package teamcity-simulator
"${CARGO_TARGET_DIR:-target}/debug/teamcity-simulator" --port 0 --shop tests/simulator/shops/jetbrains.yml >"$work/simulator" &
simulator=$!
for _ in {1..100}; do
    grep -q '^token .* developer$' "$work/simulator" && break
    sleep 0.1
done
url=$(sed -n 's/^url *//p' "$work/simulator")
admin=$(sed -n 's/^token \(.*\) admin$/\1/p' "$work/simulator")
developer=$(sed -n 's/^token \(.*\) developer$/\1/p' "$work/simulator")
[[ -n $developer ]] || { echo 'clients: the simulator did not start' >&2; exit 1; }

if ! command -v python3 >/dev/null; then
    skip "${clients[*]}: there is no python3"
elif ! { python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${clients[@]}"; } >"$work/pip" 2>&1; then
    skip "${clients[*]}: can't be installed: $(tail -n 1 "$work/pip")"
else
    for client in python_teamcity dohq_teamcity; do
        "$venv/bin/python" "tests/clients/drive_$client.py" "$url" "$admin"
    done
fi

if command -v teamcity >/dev/null; then
    tests/clients/drive_teamcity.sh "$url" "$developer"
else
    skip 'the program teamcity: it is not on the PATH'
fi
