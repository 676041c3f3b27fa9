# Read by the other scripts. Steps that change something outside `target/` are only shown, unless the first argument is --really.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

repository=ghcr.io/teamcity-pipe/teamcity-pipe
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
out=target/release-artifacts
mkdir -p "$out"

# The time of the commit stands for the time of the build, so that a rebuild gives the same bytes.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
commit=$(git rev-parse HEAD)

really=false
if [[ ${1:-} == --really ]]; then
    really=true
    shift
fi

# Runs a command that changes something outside, or shows it.
run() {
    if $really; then
        "$@"
    else
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    fi
}

die() {
    printf '%s\n' "$1" >&2
    exit 1
}

# The architecture as container images name it.
architecture() {
    case $(uname -m) in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) die "images are made for amd64 and arm64, not for $(uname -m)" ;;
    esac
}
