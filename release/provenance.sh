#!/usr/bin/env bash
# Writes where the image comes from, as an in-toto statement with a SLSA 1.0 predicate: `release/provenance.sh DIGEST`.
. "$(dirname "$0")/common.sh"

digest=${1:?the digest of the image, sha256:…}
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$digest' is no digest"
base=${RUST:-$(sed -n 's/^ARG RUST=//p' Dockerfile)}
file="$out/teamcity-pipe-$version.provenance.json"
step=${BITBUCKET_REPO_FULL_NAME:+https://bitbucket.org/$BITBUCKET_REPO_FULL_NAME/pipelines/results/$BITBUCKET_BUILD_NUMBER}
jq --null-input --arg name "$repository" --arg digest "${digest#sha256:}" --arg commit "$commit" --arg base "$base" \
    --arg source "$(sed -n 's/^repository: //p' pipe.yml)" --arg step "${step:-local}" \
    --arg started "$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" '{
    _type: "https://in-toto.io/Statement/v1",
    subject: [{name: $name, digest: {sha256: $digest}}],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
        buildDefinition: {
            buildType: "\($source)/src/\($commit)/RELEASING.md",
            externalParameters: {dockerfile: "Dockerfile", platforms: ["linux/amd64", "linux/arm64"]},
            resolvedDependencies: [
                {uri: "git+\($source)", digest: {gitCommit: $commit}},
                {uri: "pkg:docker/\($base)"}
            ]
        },
        runDetails: {builder: {id: "https://bitbucket.org/product/features/pipelines"}, metadata: {invocationId: $step, startedOn: $started}}
    }
}' >"$file"
echo "$file"
