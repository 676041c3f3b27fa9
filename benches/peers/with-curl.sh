#!/usr/bin/env bash
# The script that stands in many pipelines: queue a build, ask for its state every ten seconds (or EVERY), take its status.
set -euo pipefail

api() {
    curl --silent --show-error --fail \
        --header "Authorization: Bearer $TEAMCITY_TOKEN" \
        --header 'Accept: application/json' --header 'Content-Type: application/json' "$@"
}

id=$(api --data "{\"buildType\": {\"id\": \"$BUILD_TYPE_ID\"}, \"branchName\": \"$BITBUCKET_BRANCH\"}" \
    "$TEAMCITY_URL/app/rest/buildQueue" | jq -r .id)
echo "Queued build $id"

while true; do
    build=$(api "$TEAMCITY_URL/app/rest/builds/id:$id")
    state=$(jq -r .state <<<"$build")
    echo "$state"
    [[ $state != finished ]] || break
    sleep "${EVERY:-10}"
done

status=$(jq -r .status <<<"$build")
echo "Build $id: $status"
[[ $status == SUCCESS ]]
