# What runs containers here, for scripts that source it. They set `script` for their messages, `needed` to commands, or
# COMMAND:PACKAGE, and `missing` to packages that they lack besides; what they define as `clean_more` is called once the containers are gone.
# It gives them `$work`, podman and buildah with a store of their own in it, and what is below.
# shellcheck shell=bash

skip() {
    echo "$script: skipped: $1"
    exit 0
}

say() { printf '  %s\n' "$*"; }
fail() {
    echo "$script: $1" >&2
    [[ -z ${2:-} ]] || cat "$2" >&2
    exit 1
}

[[ $(uname -s) == Linux ]] || skip 'not on Linux'
[[ $(id -u) == 0 ]] || skip 'not root'
for need in "${needed[@]}"; do
    command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
if ((${#missing[@]})); then
    command -v apt-get >/dev/null || skip "${missing[*]} can't be installed: there is no apt-get"
    log=$(mktemp)
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq "${missing[@]}"; } >"$log" 2>&1 \
        || skip "${missing[*]} can't be installed, see $log"
fi

# A store of its own, so that this machine's images stay as they are.
work=$(mktemp -d "/var/tmp/teamcity-pipe-$script.XXXXXX")
store=(--root "$work/store" --runroot "$work/run")
podman=(podman "${store[@]}" --cgroup-manager=cgroupfs --runtime runc)
# It complains about a missing syslog, on every call.
podman() { command "${podman[@]}" "$@" 2> >(grep -v '^failed to connect to syslog' >&2 || true); }
buildah() { command buildah "${store[@]}" "$@"; }

cleanup() {
    podman rm --all --force --time 0 >/dev/null 2>&1 || true
    ! declare -F clean_more >/dev/null || clean_more
    buildah rm --all >/dev/null 2>&1 || true
    awk -v "work=$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'echo "$script: line $LINENO of $0 failed" >&2' ERR

# Containers in containers may be forbidden: tried with an empty one.
if ! { probe=$(buildah from scratch) && buildah mount "$probe" && buildah rm "$probe"; } >"$work/probe.log" 2>&1; then
    skip "no container can be made in here: $(tail -n 1 "$work/probe.log")"
fi

# The libraries that a program is linked to.
libraries() { # container, program
    local file
    ldd "$2" 2>/dev/null | grep -o '/[^ ]*' | while IFS= read -r file; do
        buildah copy --quiet "$1" "$file" "$file" >/dev/null
    done || true
}

# An image of the simulator, with files beside it.
simulator_image() { # its name, files
    local container file image=$1 simulator=${CARGO_TARGET_DIR:-target}/debug/teamcity-simulator
    shift
    cargo build --quiet --locked --package teamcity-simulator
    container=$(buildah from scratch)
    libraries "$container" "$simulator"
    for file in "$simulator" "$@"; do
        buildah copy --quiet "$container" "$file" "/$(basename "$file")" >/dev/null
    done
    buildah config --entrypoint '["/teamcity-simulator"]' "$container"
    buildah commit --quiet --rm "$container" "$image" >/dev/null
}
