#!/usr/bin/env bash
# Builds prewarm, creates two small git repositories from the files beside this script, and runs a first session: two
# pools of ready workspaces, a claim, a refill, a resize and a new version. The workspaces are containers if Docker or
# Podman answers, otherwise sandboxes if bubblewrap works, otherwise folders with a service.
set -euo pipefail

usage() {
    cat <<'END'
usage: examples/quickstart.sh [--keep] [DIR]
       examples/quickstart.sh --clean DIR

  DIR      the folder for the session; it must be empty or missing (default: a temporary folder)
  --keep   keep the workspaces running at the end, so that you can try more
  --clean  stop the workspaces of DIR and remove the folder

The workspaces are containers if Docker or Podman answers at its socket. Otherwise they are sandboxes if bwrap and sshd
are installed, and folders with a service if not. To choose, set PREWARM_QUICKSTART_KIND to container, sandbox or folder.
PREWARM_QUICKSTART_DEBUG=1 builds without optimization, which takes less time.
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

# Prints a command as a user would type it in the folder, and runs it.
run() {
    local shown='' word
    for word; do
        [[ $word =~ ^[A-Za-z0-9_./:=@%+-]+$ ]] || word="'$word'"
        shown+=" $word"
    done
    printf '%s$%s%s\n' "$dim" "$shown" "$plain"
    "$@"
}

# Prints one field of the first element of a JSON list on standard input.
field() {
    python3 -c 'import functools, json, sys
print(functools.reduce(lambda value, key: value[key], sys.argv[1].split("."), json.load(sys.stdin)[0]))' "$1"
}

# Prints the socket of a container engine that answers: the first in the order in which prewarm looks for one.
find_engine() {
    local socket
    for socket in ${DOCKER_HOST:-/var/run/docker.sock /run/podman/podman.sock "${XDG_RUNTIME_DIR:-/run}/podman/podman.sock"}; do
        engine "${socket#unix://}" GET /_ping >/dev/null || continue
        echo "${socket#unix://}"
        return 0
    done
}

# Prints why this machine cannot make sandboxes, or nothing if it can.
sandbox_problem() {
    local program output
    for program in bwrap /usr/sbin/sshd /usr/bin/python3; do
        command -v "$program" >/dev/null || {
            echo "$program is not installed"
            return
        }
    done
    output=$(bwrap --unshare-user --unshare-pid --unshare-net --ro-bind / / --proc /proc --dev /dev true 2>&1) ||
        echo "${output:-bwrap fails}" | head -n 1
}

# Chooses the kind of the workspaces, and says which one it takes and why. Sets `kind` and `socket`.
choose() {
    local problem no_engine="no Docker or Podman answers at its socket"
    kind=${PREWARM_QUICKSTART_KIND:-} socket=
    [[ $kind =~ ^(|container|sandbox|folder)$ ]] ||
        fail "invalid PREWARM_QUICKSTART_KIND '$kind'" "set container, sandbox or folder, or unset the variable"
    if [[ -z $kind || $kind == container ]]; then
        socket=$(find_engine)
        [[ -z $kind || -n $socket ]] ||
            fail "cannot make containers: $no_engine" "start Docker or Podman's API, or unset PREWARM_QUICKSTART_KIND"
    fi
    if [[ -n $socket ]]; then
        echo "The workspaces are containers, because a container engine answers at $socket."
        kind=container
        return
    fi
    if [[ $kind == folder ]]; then
        echo "The workspaces are folders with a service, because PREWARM_QUICKSTART_KIND is folder."
        return
    fi
    problem=$(sandbox_problem)
    if [[ $kind == sandbox ]]; then
        [[ -z $problem ]] || fail "cannot make sandboxes: $problem" "install bubblewrap and openssh-server"
        echo "The workspaces are sandboxes of bubblewrap, because PREWARM_QUICKSTART_KIND is sandbox."
    elif [[ -z $problem ]]; then
        echo "The workspaces are sandboxes of bubblewrap, because $no_engine."
        kind=sandbox
    else
        echo "The workspaces are folders with a service, because $no_engine, and sandboxes do not work: $problem."
        kind=folder
    fi
}

# Calls the API of a container engine: engine SOCKET METHOD PATH [OPTIONS OF CURL]
engine() {
    [[ -S $1 ]] && curl --silent --fail --max-time 60 --noproxy '*' --unix-socket "$1" --request "$2" \
        "${@:4}" "http://localhost$3" 2>/dev/null
}

# Deletes the containers of the workspaces in a folder. Their label has the name of the folder.
stop_containers() {
    local socket filter
    socket=$(find_engine)
    [[ -n $socket ]] || return 0
    filter=$(python3 -c 'import json, sys; print(json.dumps({"label": ["quickstart=" + sys.argv[1]]}))' "$1")
    engine "$socket" GET /containers/json --get --data all=true --data-urlencode "filters=$filter" |
        python3 -c 'import json, sys
for container in json.load(sys.stdin): print(container["Id"])' |
        while read -r id; do
            engine "$socket" DELETE "/containers/$id?force=true&v=true" >/dev/null ||
                echo "warning: cannot delete container $id" >&2
        done
}

# Stops the services that the provisioner started in a folder, and deletes the folders of the workspaces.
stop_workspaces() {
    [[ ! -f $1/containers ]] || stop_containers "$(cat "$1/containers")"
    [[ -x $1/provision && -d $1/workspaces ]] || return 0
    (
        cd "$1"
        provision=(./provision --root=workspaces)
        [[ -f inside ]] || provision+=(--project=project)
        echo '{}' | "${provision[@]}" list |
            python3 -c 'import json, sys
for workspace in json.load(sys.stdin)["workspaces"]: print(workspace["id"])' |
            while read -r id; do
                echo "{\"workspace\": {\"id\": \"$id\"}}" | "${provision[@]}" delete >/dev/null 2>&1 ||
                    echo "warning: cannot delete workspace $id" >&2
            done
    )
}

if [[ -n $clean ]]; then
    [[ -n $directory && -f $directory/prewarm.yaml && (-x $directory/provision || -f $directory/containers) ]] ||
        fail "cannot clean '$directory': it is not the folder of an earlier run" "give the folder: --clean DIR"
    stop_workspaces "$directory"
    rm -rf "$directory"
    echo "Removed $directory"
    exit 0
fi

# ── Prerequisites ────────────────────────────────────────────────────────────────────────────────────────────────────

command -v swift >/dev/null || fail "cannot build prewarm: there is no swift in PATH" \
    "install Swift 6.3 or newer: https://www.swift.org/install/linux/"
"$here/../.ci/packages" ca-certificates curl git libgit2-dev libsqlite3-dev libyaml-dev pkg-config python3

choose
configuration=release
[[ -z ${PREWARM_QUICKSTART_DEBUG:-} ]] || configuration=debug
build=(swift build --package-path "$here/.." -c "$configuration" --product prewarm)
bin=$("${build[@]}" --show-bin-path)
[[ -x $bin/prewarm ]] || echo "Building prewarm. The first build takes some minutes."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${build[@]}" >"$log" 2>&1 || {
    cat "$log" >&2
    fail "cannot build prewarm: see the errors above"
}
rm -f "$log"
# In this script, `prewarm` runs the binary that was just built.
prewarm() { "$bin/prewarm" "$@"; }

# ── Two git repositories, and prewarm's configuration ────────────────────────────────────────────────────────────────

is_temporary=
if [[ -z $directory ]]; then
    directory=$(mktemp -d "${TMPDIR:-/tmp}/prewarm-quickstart.XXXX")
    is_temporary=1
else
    mkdir -p "$directory"
    [[ -z $(ls -A "$directory") ]] || fail "cannot use $directory: it is not empty" "name another folder"
    directory=$(cd "$directory" && pwd)
fi

finish() {
    local code=$?
    trap - EXIT INT TERM
    if [[ -n $keep ]]; then
        printf '\nThe workspaces keep running. To try more:\n\n    cd %q\n    %q status\n\nTo stop and remove them:\n\n' \
            "$directory" "$bin/prewarm"
        printf '    %q --clean %q\n' "$here/quickstart.sh" "$directory"
    else
        stop_workspaces "$directory"
        if [[ -n $is_temporary ]]; then
            rm -rf "$directory"
        else
            printf '\nThe workspaces are stopped and deleted. The other files in %s are kept.\n' "$directory"
        fi
    fi
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Ignore the git settings and hooks of the user.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=Quickstart GIT_AUTHOR_EMAIL=quickstart@example.org
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

cd "$directory"
if [[ $kind == container ]]; then
    "$here/../.ci/packages" busybox-static
    "$here/containers/images" "$socket" 1.0.0 1.1.0
    name=$(basename "$directory" | tr -c 'A-Za-z0-9\n' -)-$$
    echo "$name" >containers
    sed "s|^    container:|&\n      socket: \"$socket\"\n      labels: {quickstart: $name}|" \
        "$here/containers/prewarm.yaml" >prewarm.yaml
elif [[ $kind == sandbox ]]; then
    cp "$here/provisioners/bubblewrap/"{provision,supervise,inside,editor} .
    sed 's|^    command: .*|    command: [./provision, --root=workspaces, --skeletons=skeletons]|' "$here/prewarm.yaml" \
        >prewarm.yaml
else
    cp "$here/prewarm.yaml" "$here/provisioner/provision" .
fi
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
if [[ $kind == sandbox ]]; then
    for version in 1.0.0 1.1.0; do
        mkdir -p "skeletons/$version"
        git -C project archive "v$version" | tar -x -C "skeletons/$version"
    done
    ssh-keygen -q -t ed25519 -N '' -C ada -f key
fi

# ── The session ──────────────────────────────────────────────────────────────────────────────────────────────────────

echo "The session runs in $directory"

title "The pools are defined in YAML in a git repository, presets/. Check it."
run prewarm validate

title "Show what prewarm would do."
run prewarm plan

case $kind in
container) title "Create the workspaces. Each one is a container with its service running." ;;
sandbox) title "Create the workspaces. Each one is a sandbox with the project, an SSH server and a web editor." ;;
folder) title "Create the workspaces. Each one is a fresh clone of project/ with its service running." ;;
esac
run prewarm sync --wait --timeout 5m
run prewarm status

title "Claim a workspace. It is ready at once."
claim=(prewarm claim greeter-en --owner ada)
[[ $kind != sandbox ]] || claim+=(--param "sshKey=$(cat key.pub)")
run "${claim[@]}"
workspace=$(prewarm get workspaces --owner ada --output json)
endpoint=$(field endpoint <<<"$workspace")
if [[ $kind == sandbox ]]; then
    # The provisioner reports the key of the SSH server, so ssh does not ask about it.
    echo "[127.0.0.1]:${endpoint##*:} $(field metadata.hostKey <<<"$workspace")" >known_hosts
    run ssh -F none -n -i key -o BatchMode=yes -o UserKnownHostsFile=known_hosts "$endpoint" cat greeter/__init__.py
else
    run curl --silent --show-error --fail --noproxy '*' "$endpoint/"
fi
if [[ $kind == folder ]]; then
    path=$(field metadata.path <<<"$workspace")
    run git -C "${path#"$directory/"}" log --oneline --decorate -1
fi

title "The pool is now one workspace short. The next sync creates another."
run prewarm sync --wait --timeout 5m
run prewarm get presets

title "Change the size of a pool from two to three by a commit."
sed -i 's/^  instances: 2$/  instances: 3/' presets/greeter-en.yaml
run git -C presets commit --quiet --all --message "Keep three"
run prewarm plan
run prewarm sync --wait --timeout 5m

title "Release a new version by a commit. prewarm replaces ready workspaces a few at a time and keeps claimed ones."
sed -i 's/activeVersion: 1.0.0/activeVersion: 1.1.0/' presets/greeter.yaml
run git -C presets commit --quiet --all --message "Release 1.1.0"
run prewarm plan
run prewarm sync --wait --timeout 5m
run prewarm get workspaces

# ── Check of the result ──────────────────────────────────────────────────────────────────────────────────────────────

prewarm get workspaces --output json >workspaces.json
python3 - <<'END' || fail "the pools do not match the presets: see the errors above"
import json, sys, urllib.request

problems = []
browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
workspaces = json.load(open("workspaces.json"))
for preset, wanted in ("greeter-en", 3), ("greeter-de", 1):
    ready = [w for w in workspaces if w["preset"] == preset and w["state"] == "ready" and w["version"] == "1.1.0"]
    if len(ready) != wanted:
        problems.append(f"{preset} has {len(ready)} ready workspaces of version 1.1.0 instead of {wanted}")
claimed = [w for w in workspaces if w["state"] == "claimed"]
if [w["version"] for w in claimed] != ["1.0.0"]:
    problems.append("the claimed workspace does not have version 1.0.0")
for workspace in workspaces:
    if workspace["state"] not in ("ready", "claimed"):
        continue
    try:
        # The endpoint of a sandbox is that of its SSH server. Its editor reports the version.
        editor = (workspace.get("metadata") or {}).get("editor")
        with browser.open(editor + "healthz" if editor else workspace["endpoint"], timeout=10) as response:
            version = json.load(response)["version"]
    except OSError as error:
        version = error
    if version != workspace["version"]:
        problems.append(f"{workspace['name']} answers {version} instead of version {workspace['version']}")
for problem in problems:
    print(f"error: {problem}", file=sys.stderr)
sys.exit(len(problems) > 0)
END
rm workspaces.json

printf '\n%s✔ The pools are full again, and the claimed workspace is unchanged.%s\n' "$green" "$plain"
