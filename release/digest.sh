#!/usr/bin/env bash
# Pins the published image: writes its digest into pipe.yml and README.md. `release/digest.sh [--really] DIGEST`.
# Without --really it shows the difference and puts everything back.
. "$(dirname "$0")/common.sh"

digest=${1:?the digest of the image, sha256:…}
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "'$digest' is no digest"
[[ -z $(git status --porcelain) ]] || die 'commit or stash what is changed first'

sed -E -i "s|^(image: $repository:${version//./\\.})(@sha256:[0-9a-f]{64})?$|\1@$digest|" pipe.yml
sed -E -i "s|^(The digest of version )[0-9.]+ is .*|\1$version is \`$digest\`.|" README.md

if $really; then
    git commit --quiet --all --message "Digest of $version [skip ci]"
    git log -1 --stat --format='%h %s'
else
    git --no-pager diff --unified=0 | cat
    git checkout --quiet .
    echo 'Shown only. With --really it is committed.'
fi
