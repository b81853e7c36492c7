#!/usr/bin/env bash
# Counts instructions, which repeat exactly where times do not: a sync with nothing new costs the same, however many
# presets there are. Takes the debug build that the tests made, or the one named: Tests/instructions.sh [PREWARM]
set -euo pipefail
prewarm=$(realpath "${1:-"$(dirname "${BASH_SOURCE[0]}")/../.build/debug/prewarm"}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a
export GIT_COMMITTER_EMAIL=a@example.org

# Millions of instructions of a sync with nothing new, with so many presets.
count() {
    local home=$folder/$1 number
    mkdir -p "$home/presets"
    git init --quiet --initial-branch=main "$home/presets"
    for ((number = 0; number < $1; number++)); do
        printf 'apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: p%s}\nspec: {template: t, version: "1", instances: 0}\n' \
            "$number" >"$home/presets/p$number.yaml"
    done
    git -C "$home/presets" add .
    git -C "$home/presets" commit --quiet --message=presets
    cat >"$home/prewarm.yaml" <<END
apiVersion: prewarm/v1
kind: Config
store: sqlite:prewarm.db
sources: [{name: presets, url: "$home/presets", ref: {branch: main}}]
provisioners: [{name: local, default: true, command: [/bin/true], operations: [create, delete]}]
END
    (
        cd "$home"
        "$prewarm" sync >/dev/null 2>&1
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$prewarm" sync 2>valgrind.log >/dev/null
    )
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$home/valgrind.log"
}

few=$(count 20)
many=$(count 1000)
echo "a sync with nothing new: $((few / 1000000)) million instructions with 20 presets, $((many / 1000000)) with 1000"
# A tenth is for what threads do differently.
if ((many * 10 > few * 11)); then
    echo "error: a sync with nothing new costs more where there are more presets" >&2
    exit 1
fi
