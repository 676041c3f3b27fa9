#!/usr/bin/env bash
# Runs examples/pipelines, each pipe in its container, with a runner that others wrote: bitbucket-pipeline-runner from PyPI, on podman.
#
#   tests/runner/run.sh                   all of them
#   tests/runner/run.sh basic artifacts   some
#
# Needs root, buildah, podman, a container runtime, git, docker's client and Python; installs them from Debian where it can. Says so and ends
# well where they can't be had. No image is pulled: those that the runner asks for are stand-ins of busybox and git.
set -euo pipefail
cd "$(dirname "$0")/../.."

runner=0.6.3

script=runner
needed=(buildah podman runc git docker:docker.io busybox:busybox-static python3)
missing=()
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
ldd "$(command -v busybox || echo /nowhere)" >/dev/null 2>&1 && missing+=(busybox-static)
service=
clean_more() { [[ -z $service ]] || kill "$service" 2>/dev/null || true; }
. tests/image/containers.sh

tools=target/runner
if [[ ! -x $tools/$runner/bin/pipeline-runner ]]; then
    log=$(mktemp)
    { python3 -m venv "$tools/$runner" && "$tools/$runner/bin/pip" install -q "bitbucket-pipeline-runner==$runner"; } >"$log" 2>&1 \
        || skip "bitbucket-pipeline-runner $runner can't be installed, see $log"
fi

# Raising limits is not permitted in every place where this runs, and no registry is asked.
printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nevents_logger = "file"\n' >"$work/containers.conf"
printf 'unqualified-search-registries = []\n[[registry]]\nprefix = "*.io"\nlocation = "none.invalid"\nblocked = true\n' >"$work/registries.conf"
export CONTAINERS_CONF=$work/containers.conf

cant=()

# --- The images

# Where the binary of the image's test is newer than all that it is made of, it is taken.
built=target/release-image/$(sh release/target.sh)/release/teamcity-pipe
if [[ ! -f $built || ! -x target/image/out/teamcity-pipe || -n $(find src templates Cargo.toml Cargo.lock -newer "$built" -print -quit) ]]; then
    say 'building the binary'
    CARGO_TARGET_DIR=$PWD/target/release-image nice release/content.sh target/image/out
fi
image=$(sed -n 's/^image: //p' pipe.yml)
buildah bud --quiet --isolation chroot --pull-never --build-context build=target/image --tag "$image" . >/dev/null

with_libraries() { # container, program
    libraries "$1" "$2"
    buildah copy --quiet "$1" "$2" "$2" >/dev/null
}

# One stand-in for all that the runner asks for: busybox, what Debian's lacks, and git.
container=$(buildah from scratch)
root=$(buildah mount "$container")
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,usr/local/bin,etc,root,tmp,run/stand-in}
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
done
# Busybox's own shell would prefer busybox's commands to those that are added.
ln -sf /usr/bin/dash "$root/bin/sh"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
with_libraries "$container" "$(command -v git)"
ln -s git "$root/usr/bin/git-upload-pack"
mkdir -p "$root/usr/share/git-core/templates/info"
buildah umount "$container" >/dev/null
for tool in dash install tar; do
    with_libraries "$container" "$(realpath "$(command -v "$tool")")"
done
buildah config --env HOME=/root --env PATH=/usr/local/bin:/usr/bin:/bin "$container"
buildah commit --quiet "$container" docker.io/atlassian/default-image:latest >/dev/null
for name in docker.io/library/alpine:latest docker.io/alpine/git:latest; do
    buildah tag docker.io/atlassian/default-image:latest "$name"
done
buildah config --entrypoint '["/bin/tail", "-f", "/dev/null"]' "$container"
buildah commit --quiet --rm "$container" k8s-docker.packages.atlassian.com/pause:3.8 >/dev/null

# TeamCity and Bitbucket.
simulator_image localhost/simulator:test tests/runner/shop.yml
if ! podman run --rm --pull=never localhost/simulator:test --help >"$work/probe.log" 2>&1; then
    skip "no container can be run in here: $(tail -n 1 "$work/probe.log")"
fi
podman run --detach --pull=never --name simulator localhost/simulator:test \
    --listen 0.0.0.0 --shop /shop.yml --bitbucket 0.0.0.0:29418 >/dev/null
address=$(podman inspect --format '{{.NetworkSettings.IPAddress}}' simulator)
for _ in $(seq 50); do
    ! curl -sf "http://$address:8111/app/rest/server/version" >/dev/null || break
    sleep 0.1
done
token=$(podman logs simulator | sed -n 's/^token \([^ ]*\) ci$/\1/p')
[[ -n $token ]] || fail 'the simulator does not answer'
ask() { curl -sf -H "Authorization: Bearer $token" -H 'Accept: application/json' "http://$address:8111/app/rest/$1"; }

# --- The runner

mkdir "$work/stand-in"
cp tests/runner/docker "$work/stand-in/docker"
cp "$(command -v docker)" "$work/stand-in/docker-client"
CONTAINERS_REGISTRIES_CONF=$work/registries.conf command "${podman[@]}" system service --time=0 "unix://$work/stand-in/podman.sock" \
    >"$work/service.log" 2>&1 &
service=$!
export DOCKER_HOST=unix://$work/stand-in/podman.sock XDG_DATA_HOME=$work/home/data XDG_CACHE_HOME=$work/home/cache
for _ in $(seq 50); do
    [[ ! -S $work/stand-in/podman.sock ]] || break
    sleep 0.1
done

# What the step has beside the runner's own variables: the commit and the repository that the simulators know, and the secured ones.
{
    grep -E '^BITBUCKET_(REPO_FULL_NAME|WORKSPACE|REPO_SLUG|COMMIT|BRANCH|GIT_HTTP_ORIGIN|GIT_SSH_ORIGIN|STEP_RUN_NUMBER)=' tests/image/pipelines.env
    echo "TEAMCITY_URL=http://$address:8111"
    echo "TEAMCITY_TOKEN=$token"
    echo "BITBUCKET_ACCESS_TOKEN=$(podman logs simulator | sed -n 's/^bitbucket [^ ]* //p')"
    echo "STAND_IN=$address"
} >"$work/step.env"

start() { # name, pipeline, file
    local repository=$work/repositories/$1
    mkdir -p "$repository"
    cp "$3" "$repository/bitbucket-pipelines.yml"
    git -C "$repository" init --quiet --initial-branch=main
    git -C "$repository" add .
    git -C "$repository" -c user.name=runner -c user.email=runner@example.com commit --quiet --message 'An example'
    "$tools/$runner/bin/python" tests/runner/on_podman.py run "$2" --repository-path "$repository" --env-file "$work/step.env" --no-color \
        --volume "$work/stand-in:/run/stand-in" --volume "$work/stand-in/docker:/usr/local/bin/docker" \
        </dev/null 2>&1 | sed 's/\x1b\[[0-9;]*m//g; s/\r$//' >"$work/$1.log"
}

wanted=("$@")
chosen() { ((${#wanted[@]} == 0)) || [[ " ${wanted[*]} " == *" $1 "* ]]; }
done_with=()
expect() { # example, pipeline, Successful or Failed, texts of the log
    local name=$1 pipeline=$2 ending=$3 log=$work/$1.log text
    shift 3
    done_with+=("$name")
    chosen "$name" || return 0
    start "$name" "$pipeline" "examples/pipelines/$name.yml" || true
    grep -q "Pipeline '.*': $ending" "$log" || fail "$name: the pipeline is not $ending" "$log"
    for text in "$@"; do
        grep -qF -- "$text" "$log" || fail "$name: does not say '$text'" "$log"
    done
    say "$name: $ending, as it should"
}
skipped() { # example, why
    done_with+=("$1")
    ! chosen "$1" || cant+=("$1: $2")
}

expect basic default Successful '✔ Shop / Build'
expect several-builds default Successful '✔ Shop / Linux' '✔ Shop / Windows'
expect matrix default Successful '✔ Shop / Build'
expect parameters branches.main Successful '✔ Shop / Build'
expect artifacts branches.main Successful 'dist/shop.zip' '1.4.12'
expect start-and-wait-later default Successful '✔ Shop / Long tests'
expect cancel default Successful '✔ Shop / Build' 'Canceled'
expect merge-check 'pull_requests.**' Successful '✔ Shop / Build'
expect pull-requests 'pull_requests.**' Successful '✔ Shop / Build'
expect sweep custom.sweep Successful 'left behind'
# The runner ignores on-fail: its pipeline ends there.
expect goes-on-after-failure default Failed '✖ Shop / Nightly tests' 'com.acme.CartTest.totals'
skipped output-variables 'the runner knows conditions on changed files alone, and no condition on a state'
skipped parent-and-child 'the runner knows no steps that start another pipeline'
skipped private-ca 'there is no server with TLS'

for file in examples/pipelines/*.yml; do
    name=$(basename "$file" .yml)
    [[ " ${done_with[*]} " == *" $name "* ]] || fail "$name is neither run nor skipped"
done

# Stops: the pipe's container receives SIGTERM while its build runs.
if chosen stops; then
    sed 's/Shop_Build/Shop_LoadTests/' examples/pipelines/basic.yml >"$work/stops.yml"
    start stops default "$work/stops.yml" &
    pipeline=$!
    running='builds?locator=buildType:Shop_LoadTests,state:running&fields=count'
    for _ in $(seq 600); do
        [[ $(ask "$running") != *'"count":1'* ]] || break
        sleep 0.2
    done
    pipe=$(podman ps --quiet --filter "ancestor=$image")
    [[ -n $pipe ]] || fail 'stops: the pipe does not run' "$work/stops.log"
    podman stop --time 10 "$pipe" >/dev/null
    wait "$pipeline" || true
    grep -q "Pipeline '.*': Failed" "$work/stops.log" || fail 'stops: the pipeline does not fail' "$work/stops.log"
    # A canceled build runs on for a moment.
    for _ in $(seq 100); do
        [[ $(ask "$running") != *'"count":0'* ]] || break
        sleep 0.1
    done
    [[ $(ask "$running") == *'"count":0'* ]] || fail 'stops: the build was not canceled' "$work/stops.log"
    say 'stops: the step fails, and its build is canceled'
fi

for what in "${cant[@]}"; do
    echo "runner: skipped: $what"
done
echo "runner: what it can't show: Bitbucket's own machines, its real proxy and docker daemon, Stop as SIGKILL, after-scripts of stopped steps"
echo "runner: all well (${SECONDS} s)"
