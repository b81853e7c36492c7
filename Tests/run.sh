#!/usr/bin/env bash
# Installs the dependencies of the tests, builds everything, and runs all tests. Arguments are passed to `swift test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

.ci/packages bubblewrap busybox-static ca-certificates chromium chromium-driver curl docker-registry fish gcc git gpg \
    gpg-agent gpgv iptables jq libgit2-dev libsqlite3-dev libyaml-dev man-db mandoc netavark openssh-client libc6-dev \
    openssh-server openssl pgbouncer pkg-config podman postgresql procps prometheus python3 python3-venv runc shellcheck \
    systemd zsh
# The package kubectl of another archive has the same program.
command -v kubectl >/dev/null || .ci/packages kubernetes-client
command -v swift >/dev/null || {
    echo "error: cannot build: there is no swift in PATH" >&2
    echo "hint: install Swift 6.3 or newer from https://www.swift.org/install/linux/" >&2
    exit 1
}

# Install Python programs that the tests compare with. They have their own folder, because the Python of a system may
# refuse to install packages.
peers=.build/peers
wanted="check-jsonschema==0.39.0 croniter==7.0.0 schemathesis==4.32.5 tzdata==2026.6 standardwebhooks==1.1.0 pyjwt==2.15.1"
wanted+=" cryptography==50.0.2 oidc-provider-mock==0.3.4"
if [[ "$(cat "$peers/installed" 2>/dev/null)" != "$wanted" ]]; then
    python3 -m venv "$peers"
    # shellcheck disable=SC2086
    "$peers/bin/pip" install --quiet --disable-pip-version-check $wanted
    echo "$wanted" >"$peers/installed"
fi
export PATH="$PWD/$peers/bin:$PATH"

# With CI set, a test whose program is missing fails instead of being skipped.
export CI=${CI:-1}
swift build --build-tests
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
# A test that hangs must not cost CI all its time without a word.
minutes=${PREWARM_TEST_MINUTES:-45}
status=0
# Swift Testing starts all tests at once otherwise, and the programs that the first ones start wait for minutes.
width=64
timeout --kill-after=10s "${minutes}m" \
    swift test --skip-build --experimental-maximum-parallelization-width "$width" "$@" 2>&1 | tee "$log" || status=$?
if ((status != 0)); then
    if ((status == 124 || status == 137)); then
        echo "error: the tests did not end within $minutes minutes; these did not end:" >&2
        comm -23 <(sed -nE '/^◇ Test case/d; s/^◇ Test (.*) started\.$/\1/p' "$log" | sort) \
            <(sed -nE 's/^[✔✘] Test (.*) (passed|failed) after .*/\1/p' "$log" |
                sed -E 's/ with [0-9]+ test cases?$//' | sort) >&2
    fi
    exit "$status"
fi
# swift test succeeds if its filter matches no test, so look for the number of tests.
grep --quiet --extended-regexp 'Test run with [1-9][0-9]* tests?' "$log" || {
    echo "error: no test ran: check the filter in the arguments" >&2
    exit 1
}
# The site of the guides has to build without a warning. A run of some tests does not build it.
if (($# == 0)); then swift package generate-documentation --target prewarm --warnings-as-errors; fi
# The counts need a release build, which takes some minutes.
if [[ -n ${PREWARM_COUNTS:-} ]]; then Tests/counts.sh; fi
