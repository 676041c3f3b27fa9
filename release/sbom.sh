#!/usr/bin/env bash
# Writes the bill of materials of the binary, CycloneDX 1.6 as JSON: the crates that are linked in, from Cargo's own answer.
. "$(dirname "$0")/common.sh"

target="${1:-x86_64-unknown-linux-musl}"
file="$out/teamcity-pipe-$version.cdx.json"

# Checksums of the crates' archives, as Cargo.lock records them: {"name version": "sha256"}.
checksums=$(awk -F'"' '
    /^name = / { name = $2 } /^version = / { version = $2 }
    /^checksum = / { printf "%s %s %s\n", name, version, $2 }' Cargo.lock \
    | jq -R -s 'split("\n") | map(select(. != "") | split(" ")) | map({key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries')

# What is linked: no build scripts, no tests, no macros. (`cargo metadata` alone would add what only the tests' features need.)
linked=$(cargo tree --locked --package teamcity-pipe --edges normal,no-proc-macro --target "$target" --prefix none --format '{p}' \
    | awk '{ sub(/^v/, "", $2); print $1, $2 }' | sort -u | jq -R -s 'split("\n") | map(select(. != "") | {key: ., value: true}) | from_entries')

cargo metadata --locked --format-version 1 --filter-platform "$target" \
    | jq --argjson checksums "$checksums" --argjson linked "$linked" --arg rust "$(rustc --version | cut -d' ' -f2)" \
        --arg time "$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" --arg commit "$commit" '
    def key: "\(.name) \(.version)";
    def purl: "pkg:cargo/\(.name)@\(.version)";
    def licence: if .license then [{expression: (.license | gsub("\\s*/\\s*"; " OR "))}] else [] end;
    (.packages | map(select($linked[key]) | {key: .id, value: .}) | from_entries) as $package
    | .resolve.root as $root
    | {
        bomFormat: "CycloneDX",
        specVersion: "1.6",
        version: 1,
        metadata: {
            timestamp: $time,
            lifecycles: [{phase: "build"}],
            component: ($package[$root] | {
                type: "application", "bom-ref": purl, name, version, purl: purl, licenses: licence,
                properties: [{name: "commit", value: $commit}, {name: "rustc", value: $rust}]
            })
        },
        components: (([$package[] | select(.id != $root) | {
            type: "library", "bom-ref": purl, name, version, purl: purl, licenses: licence,
            hashes: [$checksums[key] | select(.) | {alg: "SHA-256", content: .}],
            externalReferences: [.repository | select(.) | {type: "vcs", url: .}]
        }] | sort_by(.purl)) + [
            {type: "library", "bom-ref": "rust-std", name: "rust-std", version: $rust, licenses: [{expression: "MIT OR Apache-2.0"}]},
            {type: "library", "bom-ref": "musl", name: "musl", licenses: [{expression: "MIT"}]}
        ]),
        dependencies: ([.resolve.nodes[] | select($package[.id]) | {
            ref: ($package[.id] | purl),
            dependsOn: [.deps[] | select(.dep_kinds | any(.kind == null)) | $package[.pkg] | select(.) | purl] | unique
        }] | sort_by(.ref))
      }' >"$file"
printf '%s: %s components\n' "$file" "$(jq '.components | length' "$file")"
