#!/usr/bin/env bash
# Counts the instructions of whole commands in a release build with valgrind. The counts of two runs differ by less than
# a thousandth, even on a busy machine. Each row is a ratio: to the instructions with which libyaml parses 1,000
# manifests into events, or to those of the same command with a tenth of the presets. A ratio must not exceed its limit,
# which is a tenth above the ratio at the time when the limit was set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

.ci/packages binutils gcc git libyaml-dev valgrind
swift build -c release --product prewarm
bin=$(swift build -c release --show-bin-path)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Remove the debug information, because valgrind 3.19 cannot read that of clang.
strip --strip-debug -o "$scratch/prewarm" "$bin/prewarm"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

cat >"$scratch/yardstick.c" <<'C'
#include <stdio.h>
#include <yaml.h>

int main(int count, char **paths)
{
    for (int index = 1; index < count; index++) {
        yaml_parser_t parser;
        yaml_event_t event;
        FILE *file = fopen(paths[index], "rb");
        if (file == NULL || !yaml_parser_initialize(&parser))
            return 1;
        yaml_parser_set_input_file(&parser, file);
        for (int isDone = 0; !isDone; yaml_event_delete(&event)) {
            if (!yaml_parser_parse(&parser, &event))
                return 1;
            isDone = event.type == YAML_STREAM_END_EVENT;
        }
        yaml_parser_delete(&parser);
        fclose(file);
    }
    return 0;
}
C
gcc -O2 -o "$scratch/yardstick" "$scratch/yardstick.c" -lyaml

preset() {
    printf '%s\n' 'apiVersion: prewarm/v1' 'kind: Preset' \
        "metadata: {name: preset-$1, labels: {team: team-$(($1 % 7))}}" 'spec:' \
        '  template: linux' '  version: "1.0"' '  instances: 0' '  parameters:' "    size: \"$2\"" \
        '    region: eu-west'
}
commit() {
    git -C "$1/repo" add --all
    git -C "$1/repo" -c user.name=Ada -c user.email=ada@example.org commit --quiet --message change
}
# world COUNT: creates a repository of presets with 0 instances, so that no operation runs, and a synced store.
world() {
    local folder=$scratch/$1 number
    mkdir -p "$folder/repo"
    git init --quiet --initial-branch main "$folder/repo"
    for ((number = 0; number < $1; number++)); do
        mkdir -p "$folder/repo/area-$((number % 100))"
        preset "$number" small >"$folder/repo/area-$((number % 100))/$number.yaml"
    done
    cat >"$folder/repo/template.yaml" <<YAML
apiVersion: prewarm/v1
kind: Template
metadata: {name: linux}
spec:
  provisioner: local
  activeVersion: "1.0"
  parameters:
    - {name: size, type: string}
    - {name: region, type: string}
YAML
    cat >"$folder/prewarm.yaml" <<YAML
apiVersion: prewarm/v1
kind: Config
store: sqlite:prewarm.db
sources:
  - {name: presets, url: "file://$folder/repo", ref: {branch: main}}
provisioners:
  - {name: local, default: true, command: [/bin/true], operations: [create, delete]}
YAML
    commit "$folder"
    (cd "$folder" && "$scratch/prewarm" sync && "$scratch/prewarm" sync) >/dev/null 2>"$scratch/said" || {
        cat "$scratch/said" >&2
        exit 1
    }
}
# instructions FOLDER COMMAND…: prints the number of instructions of a command.
instructions() {
    local folder=$1 log=$scratch/valgrind
    shift
    local count=(valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log")
    (cd "$folder" && "${count[@]}" "$@") >"$scratch/said" 2>&1 || {
        cat "$scratch/said" "$log" >&2
        echo "error: $* failed under valgrind" >&2
        exit 1
    }
    sed --quiet 's/.*Collected : //p' "$log"
}
failures=0
# row NAME COUNT BASE LIMIT: prints the ratio of COUNT to BASE, and notes a failure if it exceeds LIMIT.
row() {
    local verdict
    # The failed command has printed its error.
    [[ $2 =~ ^[0-9]+$ && $3 =~ ^[0-9]+$ ]] || exit 1
    verdict=$(awk -v a="$2" -v b="$3" -v l="$4" \
        'BEGIN { printf "%8.3f %8.3f%s", a / b, l, (a / b > l) ? "  too many" : "" }')
    printf '%-62s %12d %s\n' "$1" "$2" "$verdict"
    [[ $verdict != *many ]] || failures=$((failures + 1))
}

world 100
world 1000
small=$scratch/100 large=$scratch/1000
mapfile -t files < <(find "$large/repo" -name '[0-9]*.yaml' | sort)
yardstick=$(instructions "$large" "$scratch/yardstick" "${files[@]}")
counted() { instructions "$1" "$scratch/prewarm" "${@:2}"; }

printf '%-62s %12s %8s %8s\n' 'instructions of' '' 'ratio' 'limit'
row "--help / libyaml's events of 1,000 manifests" "$(counted "$small" --help)" "$yardstick" 0.63
row 'validate FILE / the same' "$(counted "$small" validate repo/area-0/0.yaml)" "$yardstick" 0.74
row 'validate 1,000 files / the same' "$(counted "$large" validate repo)" "$yardstick" 5.0
row 'status of 1,000 presets / the same' "$(counted "$large" status)" "$yardstick" 6.8
quiet=$(counted "$small" sync)
row 'sync without changes / the same' "$quiet" "$yardstick" 1.02
row 'sync without changes, 1,000 presets / 100' "$(counted "$large" sync)" "$quiet" 1.1
for folder in "$small" "$large"; do
    preset 7 large >"$folder/repo/area-7/7.yaml"
    commit "$folder"
done
# A third of this count is libgit2 at its start: it reads the certificates of the system, also for a repository on disk.
changed=$(counted "$small" sync)
row "sync with one change / libyaml's events of 1,000 manifests" "$changed" "$yardstick" 2.80
# This ratio grows a little with the number of presets, because libgit2 itself packs a repository on disk.
row 'sync with one change, 1,000 presets / 100' "$(counted "$large" sync)" "$changed" 1.39
((failures == 0)) || {
    echo "error: $failures rows exceed their limits" >&2
    exit 1
}
