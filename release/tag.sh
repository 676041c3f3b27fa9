#!/usr/bin/env bash
# Tags the commit with the bare version, as pipes are referred to, and pushes branch and tag. Shown only, unless called with --really.
. "$(dirname "$0")/common.sh"

[[ -z $(git status --porcelain --untracked-files=no) ]] || die 'commit or stash what is changed first'
grep -q "^image: $repository:$version@sha256:" pipe.yml || ! $really || die 'pipe.yml has no digest of this version: see release/digest.sh'
run git tag --annotate "$version" --message "teamcity-pipe $version"
run git push --atomic origin HEAD "$version"
