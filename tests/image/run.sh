#!/usr/bin/env bash
# Builds the image from the Dockerfile, and runs it as Bitbucket Pipelines runs a pipe, against the simulator.
#
#   tests/image/run.sh          builds the binary with this machine's Rust, from what the builder would see, and the last stage
#                               of the Dockerfile around it
#   tests/image/run.sh --full   runs the first stage too, on a stand-in for its base that is made here from Debian's packages
#
# Needs root, buildah, podman and a container runtime; installs them from Debian where it can. Says so and ends well where
# they can't be had.
set -euo pipefail
cd "$(dirname "$0")/../.."

full=false
[[ ${1:-} != --full ]] || full=true

script=image
needed=(buildah podman runc jq curl)
! $full || needed+=(debootstrap)
missing=()
network="teamcity-pipe-$$"
clean_more() { podman network rm "$network" >/dev/null 2>&1 || true; }
. tests/image/containers.sh
# Raising limits is not permitted in every place where this runs; podman would try.
run_options=(--pull=never --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

# --- Build

bud=(bud --quiet --isolation chroot --pull-never --timestamp 0)
if $full; then
    base=$(sed -n 's/^ARG RUST=//p' Dockerfile)
    echo "image: the base $base is a stand-in made of Debian's packages and this machine's Rust:"
    echo 'image: that shows that the steps work, not that the real base still does'
    tests/image/stand-in.sh "$base" "${store[@]}" >"$work/stand-in.log" 2>&1 || fail 'no stand-in' "$work/stand-in.log"
else
    # From what .dockerignore lets through alone, as the first stage has it.
    printf 'FROM scratch\nCOPY . /\n' >"$work/context"
    container=$(buildah from "$(buildah bud --quiet --file "$work/context" .)")
    mkdir -p target/image
    rm -rf target/image/src
    cp -a "$(buildah mount "$container")" target/image/src
    buildah umount "$container" >/dev/null
    buildah rm "$container" >/dev/null
    release/toolchain.sh >"$work/toolchain.log" 2>&1 || say "musl can't be had: $(tail -n 1 "$work/toolchain.log")"
    say "links to $(release/target.sh)"
    CARGO_TARGET_DIR=$PWD/target/release-image target/image/src/release/content.sh target/image/out
    bud+=(--build-context build=target/image)
fi
buildah "${bud[@]}" --tag pipe:test . >"$work/id"
say "built $(cat "$work/id")"

buildah "${bud[@]}" --no-cache --tag pipe:again . >"$work/again"
cmp -s "$work/id" "$work/again" || fail 'two builds of the same source differ'
say 'a second build gives the same image'

# --- What is in it

image_id=$(cat "$work/id")
buildah push --quiet "$image_id" "oci:$work/oci" >/dev/null
manifest=$work/oci/blobs/sha256/$(jq -r '.manifests[0].digest' "$work/oci/index.json" | cut -d: -f2)
size=$(jq '[.layers[].size] + [.config.size] | add' "$manifest")
((size < 3000000)) || fail "$size bytes compressed are more than 3 MB"
say "$size bytes compressed"

container=$(buildah from --pull-never pipe:test)
root=$(buildah mount "$container")
found=$(cd "$root" && find . -type f | LC_ALL=C sort | tr '\n' ' ')
[[ $found == './LICENSE ./THIRD-PARTY-LICENSES ./teamcity-pipe ' ]] || fail "other files are in it: $found"
for name in ring tokio 'linked statically'; do
    grep -q "$name" "$root/THIRD-PARTY-LICENSES" || fail "THIRD-PARTY-LICENSES has no $name"
done
if grep -aqE "$PWD|$HOME/\.cargo" "$root/teamcity-pipe"; then
    fail 'the binary names paths of this machine'
fi
buildah umount "$container" >/dev/null
buildah rm "$container" >/dev/null
say "holds $found"

inspect=$(buildah inspect --type image pipe:test | jq '.OCIv1.config')
jq -e '.Entrypoint | length == 1 and (.[0] | startswith("/"))' <<<"$inspect" >/dev/null || fail 'the entry point is not absolute'
for label in title description licenses version source revision; do
    jq -e --arg name "org.opencontainers.image.$label" '.Labels | has($name)' <<<"$inspect" >/dev/null || fail "there is no label $label"
done

# --- Run it as Pipelines does

podman network create "$network" >/dev/null

simulator_image simulator:test

# One for each scenario, so that all runs go on at once.
declare -A address
token=
start_simulator() { # scenario
    podman run --detach --name "$1" --network "$network" "${run_options[@]}" \
        simulator:test --listen 0.0.0.0 --scenario "$1" >/dev/null
    address[$1]=$(podman inspect --format "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}" "$1")
    for _ in $(seq 50); do
        if curl -sf "http://${address[$1]}:8111/app/rest/server/version" >/dev/null; then
            token=$(podman logs "$1" | sed -n 's/^token \([^ ]*\).*/\1/p')
            return
        fi
        sleep 0.1
    done
    fail "the simulator does not answer"
}
if ! podman run --rm "${run_options[@]}" --network "$network" simulator:test --help >"$work/probe.log" 2>&1; then
    skip "no container can be run in here, so that the image was only built: $(tail -n 1 "$work/probe.log")"
fi
for scenario in success failing long; do
    start_simulator "$scenario"
done

builds() { # scenario
    curl -sf -H "Authorization: Bearer $token" -H 'Accept: application/json' \
        "http://${address[$1]}:8111/app/rest/builds?locator=defaultFilter:false,state:any&fields=build(id,state,status,canceledInfo)"
}

# What a step on a branch has, and then what the user writes: `--env=NAME=value` each. What the step does not have arrives empty.
environment=()
while IFS= read -r line; do
    [[ -z $line || $line == '#'* ]] || environment+=("--env=$line")
done <tests/image/pipelines.env

# Makes the container, with a clone of its own that is mounted at the path that Pipelines uses.
inside=/opt/atlassian/pipelines/agent/build
steps=0
prepare() { # name, scenario, more options and variables of the run
    local name=$1 scenario=$2 clone=$work/clone-$1
    shift 2
    mkdir -p "$clone/.bitbucket/pipelines/generated/pipeline/pipes"
    # Pipelines clones with umask 000.
    chmod -R 777 "$clone"
    steps=$((steps + 1))
    podman create --name "$name" --network "$network" "${run_options[@]}" \
        --add-host "host.docker.internal:${address[$scenario]}" --add-host "teamcity.corp.example:${address[$scenario]}" \
        --volume "$clone:$inside" --workdir "$inside" \
        --label org.bitbucket.pipelines.system=true \
        "${environment[@]}" --env BITBUCKET_BUILD_NUMBER="$steps" \
        --env TEAMCITY_URL=http://host.docker.internal:8111 --env TEAMCITY_TOKEN="$token" \
        --env BUILD_TYPE_ID=App_Build --env CODE_INSIGHTS=false --env RETRY_FOR=20s \
        "$@" pipe:test >/dev/null
}

expected=()
expect() { # status, text in the log, file in the clone or -, name, scenario, more options
    expected+=("$1|$2|$3|$4")
    shift 3
    prepare "$@"
    # Without a terminal and without input.
    podman start "$1" >/dev/null </dev/null
}
expect 0 success teamcity.env as-root success
expect 0 success teamcity.env as-another-user success --user 1002:1002
expect 0 success teamcity.env read-only-root-in-128-MB success --read-only --read-only-tmpfs=false --memory 128m
expect 0 success teamcity.env name-in-the-hosts-file success --env TEAMCITY_URL=http://teamcity.corp.example:8111
# A container's name is answered by the network's own name server.
expect 0 success teamcity.env name-from-the-name-server success --env TEAMCITY_URL=http://success:8111
expect 5 no-such-name - unknown-name success --env TEAMCITY_URL=http://no-such-name.invalid:8111 --env RETRY_FOR=1s
expect 3 BUILD_TYPE_ID - empty-variable success --env BUILD_TYPE_ID=
expect 1 refusesWrongPassword 'test-reports/*.xml' failing-build failing

# Stopped while the others run.
prepare stopped long
podman start stopped >/dev/null
running() { builds long | jq -e '[.build[]? | select(.state == "running")] | length == 1' >/dev/null; }
for _ in $(seq 100); do
    ! running || break
    sleep 0.2
done
running || fail 'stopped: the build does not start'
started=$(date +%s%N)
podman stop --time 10 stopped >/dev/null
took=$((($(date +%s%N) - started) / 1000000))
podman logs stopped >"$work/log" 2>&1
status=$(podman inspect --format '{{.State.ExitCode}}' stopped)
[[ $status == 143 ]] || fail "stopped: ended with $status instead of 143" "$work/log"
builds long | jq -e '[.build[] | select(.canceledInfo)] | length == 1' >/dev/null || fail 'stopped: the build was not canceled' "$work/log"
say "stopped: ends with 143 after $took ms, and its build is canceled"

for entry in "${expected[@]}"; do
    IFS='|' read -r wanted text file name <<<"$entry"
    status=$(podman wait "$name")
    podman logs "$name" >"$work/log" 2>&1
    [[ $status == "$wanted" ]] || fail "$name: ended with $status instead of $wanted" "$work/log"
    grep -qF "$text" "$work/log" || fail "$name: does not say '$text'" "$work/log"
    # shellcheck disable=SC2086  # a pattern
    [[ $file == - ]] || ls "$work/clone-$name"/$file >/dev/null || fail "$name: there is no $file" "$work/log"
    say "$name: ends with $status"
done
grep -q '^TEAMCITY_BUILD_STATUS=SUCCESS$' "$work/clone-as-another-user/teamcity.env"

echo "image: all well (${SECONDS} s)"
