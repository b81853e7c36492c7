import Foundation
import Testing

/// The example `systemd-run` with the real systemd.
@Suite("The example of units of systemd")
struct UnitExampleTests {
    private static let hasSystemd = ProvisionerExample.has("systemd-run", "nsenter", "jq", "curl") && geteuid() == 0
    private static let systemd = [GuidePage.root.appending(path: "Tests/with-systemd.sh").path]

    @Test("The unit of systemd conforms to the protocol", .enabled(if: hasSystemd, "systemd or root is missing"))
    func unitConforms() async throws {
        let findings = try await ProvisionerExample("systemd-run").findings(through: Self.systemd)
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(
        "A unit of systemd has its limits, serves its owner alone, and leaves nothing behind",
        .enabled(if: hasSystemd, "systemd or root is missing"))
    func unitSession() async throws {
        let example = try await ProvisionerExample("systemd-run")
        let session = try await example.run(
            #"""
            prewarm sync --wait --timeout 4m
            prewarm claim dev --owner 'ada"; $(touch pwned)' -o json >claim.json
            id=$(jq -r .id claim.json) url=$(jq -r .endpoint claim.json)
            systemctl show -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec -p DynamicUser "prewarm-$id" >limits
            grep -x MemoryMax=134217728 limits && grep -x TasksMax=256 limits && grep -x DynamicUser=yes limits
            grep -x CPUQuotaPerSecUSec=500ms limits
            fetch() { curl --silent --noproxy '*' --output page --write-out '%{http_code}' "$@"; }
            [ "$(fetch "$url")" = 401 ] && [ "$(fetch -u "ada:wrong" "$url")" = 401 ]
            [ "$(fetch -u "ada:$(jq -r .credentials.password claim.json)" "$url")" = 200 ]
            # A program that fails starts again at the same port.
            pid=$(systemctl show -p MainPID --value "prewarm-$id")
            kill -KILL "$pid"
            until [ "$(fetch "$url/healthz")" = 200 ]; do sleep 0.2; done
            [ "$(fetch "${url}healthz")" = 200 ]
            # A unit that was stopped is replaced.
            other=$(prewarm get workspaces -o json | jq -r '.[] | select(.state == "ready") | .id')
            systemctl stop "prewarm-$other.socket" "prewarm-$other.service"
            prewarm sync --refresh --wait --timeout 4m
            ! [ -e "workspaces/$other" ]
            # A workspace whose port is taken gets the next one.
            ./provision --root workspaces create <<<'{"workspace": {"id": "taken", "version": "1.0.0"}}' >first.json
            port=$(jq -r .endpoint first.json | tr -cd '0-9' | sed 's/^127001//')
            ./provision --root workspaces delete <<<'{"workspace": {"id": "taken"}}'
            /usr/bin/python3 -u -m http.server --bind 127.0.0.1 "$port" >bound 2>&1 &
            until grep -q Serving bound; do kill -0 $!; sleep 0.1; done
            ./provision --root workspaces create <<<'{"workspace": {"id": "taken", "version": "1.0.0"}}' >second.json
            ! cmp first.json second.json
            ./provision --root workspaces delete <<<'{"workspace": {"id": "taken"}}'
            kill %1
            # If systemd does not answer a call, it is an outage, and no workspace is reported as failed.
            mkdir silent
            printf '%s\n' '#!/bin/sh' 'case "$*" in *Version*) exec /usr/bin/systemctl "$@" ;; esac' \
                'echo "Connection timed out" >&2' 'exit 1' >silent/systemctl
            chmod +x silent/systemctl
            for operation in list inspect create; do
                code=0
                PATH=$PWD/silent:$PATH ./provision --root workspaces "$operation" \
                    <<<"{\"workspace\": {\"id\": \"$id\", \"version\": \"1.0.0\"}}" >outage.json || code=$?
                [ "$code" = 69 ] && [ "$(jq -r .error.class outage.json)" = outage ]
            done
            [ "$(fetch "${url}healthz")" = 200 ]
            prewarm release "$(jq -r .name claim.json)"
            ! [ -e "workspaces/$id" ] && ! [ -e "/var/lib/prewarm-workspaces/$id" ]
            [ "$(systemctl show -p LoadState --value "prewarm-$id.service")" = not-found ]
            sed -i 's/instances: 2/instances: 0/' presets/dev.yaml && git commit -q -a -m 'Empty the pool'
            prewarm sync --wait --timeout 4m
            [ -z "$(ls workspaces)" ] && ! [ -e pwned ]
            """#, through: Self.systemd)
        #expect(session.code == 0, "\(session)")
    }
}
