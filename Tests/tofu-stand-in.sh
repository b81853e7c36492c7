#!/usr/bin/env bash
# A stand-in for `tofu` where neither OpenTofu nor Terraform can be installed. It knows the subcommands and options that
# examples/provisioners/opentofu/provision uses, and writes a state with the outputs of the example's module. It reads no
# module. It fails like the real program if the module contains the word `broken` or the version is not one of the module.
set -euo pipefail

module=${1#-chdir=}
subcommand=$2
shift 2
state='' variables=''
for option; do
    case $option in
    -state=*) state=${option#-state=} ;;
    -var-file=*) variables=${option#-var-file=} ;;
    -input=false | -no-color | -auto-approve | -lock-timeout=* | -json) ;;
    *)
        echo "Error: unknown option $option" >&2
        exit 1
        ;;
    esac
done
folder=$module/../machine

refuse() { # LINE...
    printf '╷\n│ Error: %s\n' "$1" >&2
    shift
    printf '│ %s\n' '' "$@" >&2
    echo '╵' >&2
    exit 1
}

case $subcommand in
init) mkdir -p "$module/.terraform" ;;
apply)
    [[ -d $module/.terraform ]] || refuse "Required plugins are not installed" "Run init."
    exec 7>"$state.lock"
    flock -w 60 7 || refuse "Error acquiring the state lock"
    version=$(jq -r .template_version "$variables")
    [[ $version == 1.0.0 || $version == 1.1.0 ]] ||
        refuse "Invalid value for variable" "The module makes the versions 1.0.0 and 1.1.0."
    ! grep -q broken "$module"/*.tf || refuse "local-exec provisioner error" "Output: no capacity left"
    mkdir -p "$folder"
    printf '%s\n' "$version" >"$folder/version"
    owner=$(jq -r .owner "$variables")
    if [[ -n $owner ]]; then
        printf '%s\n' "$owner" >"$folder/owner"
        jq -r '.claim.sshKey // ""' "$variables" >"$folder/authorized_keys"
    fi
    password=$(jq -r '.outputs.credentials.value.password // empty' "$state" 2>/dev/null) || true
    jq --arg folder "$(cd "$folder" && pwd)" --arg password "${password:-$(cat /proc/sys/kernel/random/uuid)}" \
        '{outputs: {endpoint: {value: "file://\($folder)"}, metadata: {value: {host: .name, version: .template_version}},
            credentials: {value: {password: $password}, sensitive: true}}}' "$variables" >"$state.new"
    mv "$state.new" "$state"
    ;;
destroy)
    rm -rf "$folder"
    echo '{}' >"$state"
    ;;
output) jq .outputs "$state" ;;
*) refuse "unknown subcommand $subcommand" ;;
esac
