import Foundation
import Testing

/// The example `bubblewrap`: a pool of sandboxes is filled, claimed, repaired and emptied.
@Suite("The example of sandboxes")
struct SandboxExampleTests {
    private static let hasBubblewrap = ProvisionerExample.has("bwrap", "sshd", "jq", "curl")

    @Test("The sandbox conforms to the protocol", .enabled(if: hasBubblewrap, "bubblewrap is not installed"))
    func sandboxConforms() async throws {
        let findings = try await ProvisionerExample("bubblewrap").findings()
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(
        "The owner of a sandbox gets in by SSH and the editor, and only into the sandbox",
        .enabled(if: hasBubblewrap, "bubblewrap is not installed"))
    func sandboxSession() async throws {
        let example = try await ProvisionerExample("bubblewrap")
        let session = try await example.run(
            #"""
            prewarm sync --wait --timeout 4m
            ssh-keygen -q -t ed25519 -N '' -f key
            prewarm claim dev --owner 'ada"; $(touch pwned)' --param sshKey="$(cat key.pub)" -o json >claim.json
            port=$(jq -r .endpoint claim.json | sed 's/.*://')
            editor=$(jq -r .metadata.editor claim.json)
            password=$(jq -r .credentials.editorPassword claim.json)
            echo "[127.0.0.1]:$port $(jq -r .metadata.hostKey claim.json)" >known_hosts
            enter() { # PORT COMMAND
                ssh -n -F none -i key -o BatchMode=yes -o UserKnownHostsFile=known_hosts -p "$1" dev@127.0.0.1 "$2"
            }
            [ "$(enter "$port" 'id -un; pwd; cat notes.txt' | head -n 2 | tr '\n' ' ')" = "dev /home/dev " ]
            # Neither the files and processes of this machine nor its ports can be seen.
            enter "$port" "! [ -e $PWD ] && ! [ -e /root ] && ! [ -e /etc/shadow ]"
            enter "$port" '! pgrep -x systemd && ! pgrep -x swift'
            enter "$port" "! (exec 3<>/dev/tcp/127.0.0.1/${editor//[!0-9]/})" || true
            enter "$port" "! touch /etc/prewarm/authorized_keys"
            # The editor needs the password, and no other site can send it.
            fetch() { curl --silent --noproxy '*' --output page --write-out '%{http_code}' "$@"; }
            [ "$(fetch "$editor")" = 401 ]
            [ "$(fetch -u "dev:$password" "$editor?file=notes.txt")" = 200 ] && grep -q 'home folder' page
            [ "$(fetch -u "dev:$password" "$editor?file=../../etc/passwd")" = 404 ]
            [ "$(fetch -u "dev:$password" --data text=1 "$editor?file=new.txt")" = 403 ]
            [ "$(fetch -u "dev:$password" -H "Origin: ${editor%/}" --data text=new "$editor?file=new.txt")" = 200 ]
            [ "$(enter "$port" 'cat new.txt')" = new ]
            # The other workspace has no owner, so the key does not fit.
            other=$(prewarm get workspaces -o json | jq -r '.[] | select(.state == "ready") | .id')
            other_port=$(jq .ssh "workspaces/$other/service.ports")
            echo "[127.0.0.1]:$other_port $(cut -d ' ' -f 1,2 "workspaces/$other/etc/host_key.pub")" >>known_hosts
            ! enter "$other_port" true
            # A sandbox that ended is replaced. The claimed one stays.
            kill -KILL -- "-$(cat "workspaces/$other/service.pid")"
            prewarm sync --refresh --wait --timeout 4m
            ! [ -e "workspaces/$other" ]
            enter "$port" true
            # The owner takes the files of all processes in the sandbox and releases their locks.
            cat >attack.py <<'END'
            import ctypes, fcntl, os
            libc = ctypes.CDLL(None, use_errno=True)
            pidfd_open, pidfd_getfd = 434, 438
            for name in filter(str.isdigit, os.listdir("/proc")):
                process = libc.syscall(pidfd_open, int(name), 0)
                for number in range(64) if process >= 0 and int(name) != os.getpid() else []:
                    file = libc.syscall(pidfd_getfd, process, number, 0)
                    if file >= 0:
                        fcntl.flock(file, fcntl.LOCK_UN)
                        os.close(file)
            END
            enter "$port" "python3 -c '$(cat attack.py)'"
            ./provision --root workspaces list <<<'{}' |
                jq -e --arg id "$(jq -r .id claim.json)" '.workspaces[] | select(.id == $id) | .state == "ready"'
            # A folder that is deep and cannot be read is deleted, too.
            nest='import os; [(os.mkdir("d"), os.chdir("d")) for _ in range(3000)]'
            enter "$port" "python3 -c '$nest'; chmod 000 ~/d"
            prewarm release "$(jq -r .name claim.json)"
            id=$(jq -r .id claim.json)
            ! [ -e "workspaces/$id" ] && ! pgrep -f "workspaces/$id/"
            sed -i 's/instances: 2/instances: 0/' presets/dev.yaml && git commit -q -a -m 'Empty the pool'
            prewarm sync --wait --timeout 4m
            [ -z "$(ls workspaces)" ] && [ -z "$(ls workspaces/.trash workspaces/.making | grep -v :)" ]
            ! [ -e pwned ]
            """#)
        #expect(session.code == 0, "\(session)")
    }

    @Test(
        "A sandbox whose create is killed at any moment is created once, and deleted completely",
        .enabled(if: hasBubblewrap, "bubblewrap is not installed"))
    func sandboxKilled() async throws {
        let example = try await ProvisionerExample("bubblewrap")
        let session = try await example.run(
            #"""
            request='{"workspace": {"id": "one", "name": "one", "version": "1.0.0"}}'
            provision() { # OPERATION, with an optional command in front of the program
                ${prefix:-} ./provision --root workspaces "$1" <<<"$request"
            }
            for round in $(seq 12); do
                prefix="timeout --signal=KILL 0.$((RANDOM % 6))$((RANDOM % 10))" provision create || true
                if ((round % 3 == 0)); then
                    provision create >answer
                    provision create | cmp - answer
                    [ "$(pgrep -f '^bwrap .*workspaces/one/' | xargs -n 1 ps -o pgid= -p | sort -u | wc -l)" = 1 ]
                fi
                if ((round % 4 == 0)); then
                    prefix="timeout --signal=KILL 0.0$((RANDOM % 10))" provision delete || true
                    provision delete
                    ! [ -e workspaces/one ]
                    ! pgrep -f '^bwrap .*workspaces/one/'
                fi
            done
            """#.replacing("workspaces", with: "pool-\(UUID().uuidString.prefix(8))"))
        #expect(session.code == 0, "\(session)")
    }

    @Test(
        "A sandbox ends with the process that supervises it, and is deleted if it did not end",
        .enabled(if: hasBubblewrap, "bubblewrap is not installed"))
    func supervisorKilled() async throws {
        let example = try await ProvisionerExample("bubblewrap")
        let session = try await example.run(
            #"""
            request='{"workspace": {"id": "one", "name": "one", "version": "1.0.0"}}'
            provision() { ./provision --root pool "$1" <<<"$request"; }
            left() { pgrep -f "^bwrap .*$PWD/pool/one/"; }
            provision create
            left
            kill -KILL "$(cat pool/one/service.pid)"
            while left; do sleep 0.1; done
            provision inspect | jq -e '.state == "failed"'
            provision create | jq -e '.state == "ready"'
            # An owner may prevent that the sandbox ends. It is found without its lock.
            provision delete
            sed -i 's/"--die-with-parent", //' supervise
            provision create
            kill -KILL "$(cat pool/one/service.pid)"
            provision list | jq -e '.workspaces[0].state == "ready"'
            provision delete | jq -e '.state == "gone"'
            while left; do sleep 0.1; done
            ! [ -e pool/one ]
            """#)
        #expect(session.code == 0, "\(session)")
    }

    @Test(
        "shellcheck has no finding in the scripts",
        .enabled(if: ProvisionerExample.has("shellcheck"), "shellcheck is not installed"))
    func shellcheck() async throws {
        let example = try await ProvisionerExample("bubblewrap")
        let check = try await example.run(
            """
            cd '\(GuidePage.root.path)'
            scripts=$(grep -rlE '^#!.*bash$|shellcheck shell=' examples/provisioners)
            shellcheck $scripts examples/quickstart.sh examples/containers/images Tests/*.sh
            """)
        #expect(check.code == 0, "\(check.out)")
    }
}
