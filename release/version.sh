#!/usr/bin/env bash
# Sets the version everywhere it stands, and takes a digest of another version away: `release/version.sh [--really] NEW`.
# Without --really it shows the difference and puts everything back.
. "$(dirname "$0")/common.sh"

new=${1:?the new version, such as 0.2.0}
[[ $new =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "'$new' is no version: three numbers, no v"
[[ $new != "$version" ]] || die "the version is $new already"
grep -q '^## \[Unreleased\]$' CHANGELOG.md || die 'CHANGELOG.md has no [Unreleased]'
[[ -z $(git status --porcelain) ]] || die 'commit or stash what is changed first'

mapfile -t documents < <(git grep -l --fixed-strings "$repository:$version")
sed -E -i "s|$repository:${version//./\\.}(@sha256:[0-9a-f]{64})?|$repository:$new|g" "${documents[@]}"
sed -E -i "s/^(The digest of version )[0-9.]+ is .*/\1$new is not published yet./" README.md
sed -i "s/image\.version=\"${version//./\\.}\"/image.version=\"$new\"/" Dockerfile
sed -i "/^\[package\]/,/^\[/s/^version = \".*\"/version = \"$new\"/" Cargo.toml
sed -i "s/^## \[Unreleased\]$/## [Unreleased]\n\n## [$new]/" CHANGELOG.md
cargo update --quiet --offline --package teamcity-pipe

if $really; then
    git commit --quiet --all --message "Version $new"
    git log -1 --stat --format='%h %s'
else
    git --no-pager diff --unified=0 | cat
    git checkout --quiet .
    echo 'Shown only. With --really it is committed.'
fi
