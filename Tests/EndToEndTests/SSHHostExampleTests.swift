import Foundation
import Testing

/// The example `ssh-host` with a real SSH server.
@Suite("The example of a machine by SSH")
struct SSHHostExampleTests {
    private static let hasSSH = ProvisionerExample.has("sshd", "ssh", "jq", "flock")

    /// Runs a test with an SSH server for which the folder `machine` is the home folder.
    private func withMachine(_ body: (ProvisionerExample) async throws -> Void) async throws {
        let example = try await ProvisionerExample("ssh-host", changes: ["dev@HOST": "\(NSUserName())@devbox"])
        let root = example.sandbox.root.path
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        let keys = try await example.run(
            """
            ssh-keygen -q -t ed25519 -N '' -f host-key
            ssh-keygen -q -t ed25519 -N '' -f prewarm-key
            mkdir -p -m 700 machine/.ssh
            mkdir -p machine/prewarm/skeletons/1.0.0
            echo hello >machine/prewarm/skeletons/1.0.0/notes.txt
            cp prewarm-key.pub machine/.ssh/authorized_keys
            """)
        #expect(keys.code == 0, "\(keys)")
        try example.sandbox.write(
            "sshd_config",
            """
            HostKey \(root)/host-key
            AuthorizedKeysFile \(root)/machine/.ssh/authorized_keys
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PidFile none
            SetEnv HOME=\(root)/machine

            """)
        try await GitBackend.serving(example.sandbox, ["--ssh", "\(root)/sshd_config"]) { port in
            let settings = String(decoding: example.sandbox.bytes("ssh_config") ?? Data(), as: UTF8.self)
            try example.sandbox.write(
                "ssh_config",
                """
                HostName 127.0.0.1
                Port \(port)
                IdentityFile \(root)/prewarm-key
                UserKnownHostsFile \(root)/known_hosts
                \(settings)
                """)
            let key = String(decoding: example.sandbox.bytes("host-key.pub") ?? Data(), as: UTF8.self)
            try example.sandbox.write("known_hosts", "[127.0.0.1]:\(port) \(key)")
            try await body(example)
            _ = try await example.run("ssh -F ssh_config -o ControlPath=~/.ssh/%C -O exit devbox || true")
        }
    }

    @Test("The provisioner by SSH conforms to the protocol", .enabled(if: hasSSH, "openssh-server is not installed"))
    func hostConforms() async throws {
        try await withMachine { example in
            let findings = try await example.findings()
            #expect(findings.isEmpty, "\(findings)")
        }
    }

    @Test(
        "An owner begins in the folder on the other machine, and the release ends the access",
        .enabled(if: hasSSH, "openssh-server is not installed"))
    func hostSession() async throws {
        try await withMachine { example in
            let session = try await example.run(
                #"""
                prewarm sync --wait --timeout 4m
                ssh-keygen -q -t ed25519 -N '' -f key
                prewarm claim dev --owner 'ada"; $(touch pwned)' --param sshKey="$(cat key.pub)" -o json >claim.json
                id=$(jq -r .id claim.json)
                grep -v '^IdentityFile' ssh_config >owner_config
                enter() { ssh -n -F owner_config -i key -o BatchMode=yes -o ControlPath=none devbox "$1"; }
                [ "$(enter pwd)" = "$PWD/machine/prewarm/workspaces/$id/files" ] && [ "$(enter 'cat notes.txt')" = hello ]
                enter 'sleep 600' &
                until grep -qsxzF "PREWARM_ENTERED=$id" /proc/[0-9]*/environ; do sleep 0.1; done
                [ "$(grep -c . machine/.ssh/authorized_keys)" = 2 ]
                prewarm release "$(jq -r .name claim.json)"
                wait
                cmp machine/.ssh/authorized_keys prewarm-key.pub
                ! enter true
                ! [ -e "machine/prewarm/workspaces/$id" ]
                # If the ID cannot be encoded, the call fails, and does not take the folder of all workspaces for one.
                mkdir bad
                printf '%s\n' '#!/bin/sh' 'text=$(cat)' '[ "$text" != "$PREWARM_WORKSPACE_ID" ] || exit 1' \
                    'printf %s "$text" | /usr/bin/base64 "$@"' >bad/base64
                chmod +x bad/base64
                ! PATH=$PWD/bad:$PATH PREWARM_WORKSPACE_ID=one PREWARM_VERSION=1.0.0 ./provision --host devbox \
                    --ssh-config ssh_config create
                # A machine that does not answer is an outage.
                printf 'Host devbox\nHostName 127.0.0.1\nPort 1\n' >nowhere
                code=0
                answer=$(./provision --host devbox --ssh-config nowhere list) || code=$?
                [ "$code" = 69 ] && [ "$(jq -r .error.class <<<"$answer")" = outage ]
                ! [ -e pwned ] && ! [ -e machine/pwned ]
                """#)
            #expect(session.code == 0, "\(session)")
        }
    }
}
