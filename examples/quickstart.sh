#!/usr/bin/env bash
# From nothing to a pool of warm workspaces: builds prewarm, makes two small git repositories out of the files beside
# this script, and goes through a first session with them.
set -euo pipefail

usage() {
    cat <<'END'
usage: examples/quickstart.sh [--keep] [DIR]
       examples/quickstart.sh --clean DIR

  DIR      where it takes place: a folder that is empty or does not exist yet; else a temporary one
  --keep   leave the workspaces running at the end, to try more
  --clean  stop the workspaces of DIR and remove it

PREWARM_QUICKSTART_DEBUG=1 builds without optimization, which is faster done.
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
keep=
clean=
directory=
while (($#)); do
    case $1 in
    --keep) keep=1 ;;
    --clean) clean=1 ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*)
        usage >&2
        exit 64
        ;;
    *)
        [[ -z $directory ]] || {
            usage >&2
            exit 64
        }
        directory=$1
        ;;
    esac
    shift
done

bold='' dim='' green='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
fi

fail() {
    echo "error: $1" >&2
    [[ -z ${2:-} ]] || echo "hint: $2" >&2
    exit 1
}

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# Shows a command as one would type it in the folder, and runs it.
run() {
    local shown='' word
    for word; do
        [[ $word =~ ^[A-Za-z0-9_./:=@%+-]+$ ]] || word="'$word'"
        shown+=" $word"
    done
    printf '%s$%s%s\n' "$dim" "$shown" "$plain"
    "$@"
}

# One field of the first thing of a JSON list on standard input.
field() {
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), json.load(sys.stdin)[0]))' "$1"
}

# Ends the services that the provisioner started in a folder; the folders of the workspaces go with them.
stop_workspaces() {
    [[ -x $1/provision && -d $1/workspaces ]] || return 0
    (
        cd "$1"
        provision=(./provision --project=project --root=workspaces)
        echo '{}' | "${provision[@]}" list |
            python3 -c 'import json, sys
for workspace in json.load(sys.stdin)["workspaces"]: print(workspace["id"])' |
            while read -r id; do
                echo "{\"workspace\": {\"id\": \"$id\"}}" | "${provision[@]}" delete >/dev/null 2>&1 ||
                    echo "warning: workspace $id could not be removed" >&2
            done
    )
}

if [[ -n $clean ]]; then
    [[ -n $directory && -f $directory/prewarm.yaml && -x $directory/provision ]] ||
        fail "--clean takes the folder of an earlier run"
    stop_workspaces "$directory"
    rm -rf "$directory"
    echo "Removed $directory"
    exit 0
fi

# ── What is needed ───────────────────────────────────────────────────────────────────────────────────────────────────

"$here/../.ci/packages" ca-certificates curl git libgit2-dev libsqlite3-dev libyaml-dev pkg-config python3
command -v swift >/dev/null || fail "Swift 6.3 or newer is needed, and there is no swift in PATH" \
    "install it as https://www.swift.org/install/linux/ says"

configuration=release
[[ -z ${PREWARM_QUICKSTART_DEBUG:-} ]] || configuration=debug
build=(swift build --package-path "$here/.." -c "$configuration" --product prewarm)
bin=$("${build[@]}" --show-bin-path)
[[ -x $bin/prewarm ]] || echo "Building prewarm; the first time this takes some minutes"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${build[@]}" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "prewarm could not be built"
}
rm -f "$log"
# In this script `prewarm` is the one that was built.
prewarm() { "$bin/prewarm" "$@"; }

# ── Two git repositories, and prewarm's configuration ────────────────────────────────────────────────────────────────

is_temporary=
if [[ -z $directory ]]; then
    directory=$(mktemp -d "${TMPDIR:-/tmp}/prewarm-quickstart.XXXX")
    is_temporary=1
else
    mkdir -p "$directory"
    [[ -z $(ls -A "$directory") ]] || fail "$directory is not empty" "name another folder"
    directory=$(cd "$directory" && pwd)
fi

finish() {
    local code=$?
    trap - EXIT INT TERM
    if [[ -n $keep ]]; then
        printf '\nThe workspaces go on running. To try more:\n\n    cd %q\n    %q status\n\nTo stop and remove them:\n\n' \
            "$directory" "$bin/prewarm"
        printf '    %q --clean %q\n' "$here/quickstart.sh" "$directory"
    else
        stop_workspaces "$directory"
        if [[ -n $is_temporary ]]; then
            rm -rf "$directory"
        else
            printf '\nThe workspaces are stopped and removed. The rest of %s is left for you to look at.\n' "$directory"
        fi
    fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The user's own settings and hooks are not for these repositories.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Quickstart GIT_AUTHOR_EMAIL=quickstart@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

cd "$directory"
cp "$here/prewarm.yaml" "$here/provisioner/provision" .
cp -R "$here/repository" presets
cp -R "$here/project" project
for repository in presets project; do
    git init --quiet --initial-branch main "$repository"
    git -C "$repository" add .
done
git -C presets commit --quiet --message "Add the first pools"
git -C project commit --quiet --message "Greet"
git -C project tag v1.0.0
sed -i 's/^__version__ = .*/__version__ = "1.1.0"/' project/greeter/__init__.py
git -C project commit --quiet --all --message "Release 1.1.0"
git -C project tag v1.1.0

# ── The session ──────────────────────────────────────────────────────────────────────────────────────────────────────

echo "Everything takes place in $directory"

title "The pools are YAML in a git repository, presets/. Is it good?"
run prewarm validate

title "What would prewarm do?"
run prewarm plan

title "Do it. Each workspace is a fresh clone of project/, set up, with its service running."
run prewarm sync --wait --timeout 5m
run prewarm status

title "Somebody needs a workspace: it is there already."
run prewarm claim greeter-en --owner you
workspace=$(prewarm get workspaces --owner you --output json)
endpoint=$(field endpoint <<<"$workspace")
path=$(field metadata.path <<<"$workspace")
run curl --silent --show-error --fail --noproxy '*' "$endpoint/"
run git -C "${path#"$directory/"}" log --oneline --decorate -1

title "The pool has one less than it should. The next sync makes another."
run prewarm sync --wait --timeout 5m
run prewarm get presets

title "A change of a pool is a commit: three in place of two."
sed -i 's/^  instances: 2$/  instances: 3/' presets/greeter-en.yaml
run git -C presets commit --quiet --all --message "Keep three"
run prewarm plan
run prewarm sync --wait --timeout 5m

title "So is a new version. What waits in the pools is replaced a few at a time; what is claimed stays."
sed -i 's/activeVersion: 1.0.0/activeVersion: 1.1.0/' presets/greeter.yaml
run git -C presets commit --quiet --all --message "Release 1.1.0"
run prewarm plan
run prewarm sync --wait --timeout 5m
run prewarm get workspaces

# ── Is it as it was said? ────────────────────────────────────────────────────────────────────────────────────────────

prewarm get workspaces --output json >workspaces.json
python3 - <<'END' || fail "the pools are not as the presets say"
import json, sys, urllib.request

problems = []
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
workspaces = json.load(open("workspaces.json"))
for preset, wanted in ("greeter-en", 3), ("greeter-de", 1):
    ready = [w for w in workspaces if w["preset"] == preset and w["state"] == "ready" and w["version"] == "1.1.0"]
    if len(ready) != wanted:
        problems.append(f"{preset} has {len(ready)} workspaces of 1.1.0 ready, not {wanted}")
claimed = [w for w in workspaces if w["state"] == "claimed"]
if [w["version"] for w in claimed] != ["1.0.0"]:
    problems.append("the claimed workspace is not what it was")
for workspace in workspaces:
    if workspace["state"] not in ("ready", "claimed"):
        continue
    try:
        with browser.open(workspace["endpoint"], timeout=10) as response:
            version = json.load(response)["version"]
    except OSError as error:
        version = error
    if version != workspace["version"]:
        problems.append(f"{workspace['name']} answers {version}")
for problem in problems:
    print(f"error: {problem}", file=sys.stderr)
sys.exit(len(problems) > 0)
END
rm workspaces.json

printf '\n%s✔ The pools are full again, and your workspace is still yours.%s\n' "$green" "$plain"
