#!/usr/bin/env bash
# The program `teamcity` against the simulator: login, start, watch, log, artifacts, tests, cancel, queue, agents.
# The commands are those of its version 1.6; what it prints is looked at only for what it must say.
set -euo pipefail
url=$1 token=$2

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export HOME=$home XDG_CONFIG_HOME=$home/.config NO_COLOR=1 DO_NOT_TRACK=1 TC_INSECURE_SKIP_WARN=1
unset TEAMCITY_URL TEAMCITY_TOKEN TEAMCITY_GUEST
cd "$home"

# Runs a command; what it prints must have a text in it.
must() { # text, arguments
    local text=$1 out
    shift
    if ! out=$(teamcity "$@" --no-input 2>&1) || ! grep -q "$text" <<<"$out"; then
        printf 'teamcity %s: no "%s" in:\n%s\n' "$*" "$text" "$out" >&2
        exit 1
    fi
    printf '%s' "$out" >"$home/out"
}
id() { sed -n 's/.*"id": *\([0-9]*\).*/\1/p' "$home/out" | head -n 1; }

must 'Logged in' auth login --server "$url" --token "$token" --insecure-storage
must 'Logged in to' auth status
must linux-agent-1 agent list
must Sandbox_Build job list --all
must '"id"' run start Sandbox_Build --branch main --json
build=$(id)
must '"count"' queue list --json
must succeeded run watch "$build" --quiet --interval 1 --timeout 60s
must Hello run log "$build"
must result.txt run artifacts "$build"
must downloaded run download "$build" -o "$home/artifacts"
[[ $(cat "$home/artifacts/result.txt") == 'test artifact content' ]]
must TESTS run tests "$build"
must '"id"' run start Sandbox_Test --json
must Cancel run cancel "$(id)" --yes
must 'Logged out' auth logout
echo '  teamcity: well'
