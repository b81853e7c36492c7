#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs all tests. Arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

.ci/packages ca-certificates curl gcc git gpg gpg-agent gpgv libgit2-dev libsqlite3-dev libyaml-dev openssh-client \
    libc6-dev openssh-server openssl pkg-config procps prometheus python3 python3-venv
command -v swift >/dev/null || {
    echo "error: Swift 6.3 or newer is needed, and there is no swift in PATH" >&2
    echo "hint: install it as https://www.swift.org/install/linux/ says" >&2
    exit 1
}

# Python programs that the tests compare with; in a folder of their own, as a system's Python takes none.
peers=.build/peers
wanted="check-jsonschema==0.39.0 croniter==7.0.0 schemathesis==4.32.5 tzdata==2026.6 standardwebhooks==1.1.0 pyjwt==2.15.1"
wanted+=" cryptography==50.0.2"
if [[ "$(cat "$peers/installed" 2>/dev/null)" != "$wanted" ]]; then
    python3 -m venv "$peers"
    # shellcheck disable=SC2086
    "$peers/bin/pip" install --quiet --disable-pip-version-check $wanted
    echo "$wanted" >"$peers/installed"
fi
export PATH="$PWD/$peers/bin:$PATH"

# A test whose peer is missing fails from here on, in place of being skipped.
export CI=${CI:-1}
swift build --build-tests
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
swift test --skip-build "$@" 2>&1 | tee "$log"
# A filter that matches nothing passes.
grep --quiet --extended-regexp 'Test run with [1-9][0-9]* tests?' "$log" || {
    echo "error: no test ran" >&2
    exit 1
}
# The counts take a release, which is built for some minutes.
if [[ -n ${PREWARM_COUNTS:-} ]]; then Tests/counts.sh; fi
