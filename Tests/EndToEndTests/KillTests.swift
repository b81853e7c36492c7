import Foundation
import Testing

@Suite struct KillTests {
    /// Syncs are killed at random moments. The next run continues, and no workspace is duplicated, leaked or forgotten.
    @Test func killedAtAnyMomentTheNextRunCarriesOn() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration + "policy: {deletionGuard: {percent: 100}}\n")
        var kills = 0
        for round in 1...12 {
            let version = "\(round / 2)"
            try await sandbox.commit([
                "a.yaml": Sandbox.preset(
                    "a", instances: 2 + round % 3, version: version, "  parameters: {seconds: 0.05}"),
                "b.yaml": Sandbox.preset("b", instances: round % 4, version: version, "  strategy: {type: Recreate}"),
            ])
            kills += try await sandbox.killSyncs(3 * round - kills, after: 2...200, tries: 40)
        }
        let last = try await sandbox.prewarm("sync", "--wait", "--timeout", "1m")
        #expect(last.code == 0, "\(last.err)")
        #expect(kills == 3 * 12)
        let export = try await sandbox.prewarm("export").json()
        let known = Set(export["workspaces"]?.list.compactMap { $0["id"]?.string } ?? [])
        #expect(known == sandbox.instances)
        #expect(export["operations"]?.list.isEmpty == true)
        let presets = try await sandbox.prewarm("get", "presets", "-o", "json").json()
        #expect(presets.list.allSatisfy { $0["eligible"]?.int == $0["desired"]?.int && $0["outdated"]?.int == 0 })
        let creates = sandbox.ledger.filter { $0.hasPrefix("create") }
        #expect(Set(creates).count >= known.count)
    }

    /// A provisioner that reads no input. It records calls that run at the same time for one workspace.
    private static let deafProvisioner = #"""
        #!/bin/sh
        set -eu
        cd "$(dirname "$0")"
        mkdir -p instances running
        id=$PREWARM_WORKSPACE_ID
        state=$(sed -n 's/^State:[^A-Z]*\([A-Z]\).*/\1/p' "/proc/$(cat "running/$id" 2>/dev/null)/status" 2>/dev/null || true)
        case $state in ''|Z|X) ;; *) echo "$1 $id beside $(cat "running/$id")" >> overlaps ;; esac
        echo $$ > "running/.$$"
        mv "running/.$$" "running/$id"
        echo "$1 $id" >> ledger
        case $1 in
        create)
            sleep 0.3
            mkdir -p "instances/$id"
            ;;
        delete) rm -rf "instances/$id" ;;
        esac
        rm -f "running/$id"
        """#

    /// A provisioner that a killed prewarm started, but did not record, must have no effect.
    @Test func killedWhereProvisionersReadNoInputNothingRunsTwiceOrLeaks() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration + "policy: {deletionGuard: {percent: 100}}\n")
        try sandbox.write("provision", Self.deafProvisioner, isExecutable: true)
        var generator = SystemRandomNumberGenerator()
        var kills = 0
        for round in 1...12 {
            try await sandbox.commit([
                "a.yaml": Sandbox.preset("a", instances: 4, version: "\(round)"),
                "b.yaml": Sandbox.preset("b", instances: 4, version: "\(round)"),
            ])
            let called = sandbox.ledger.count
            for attempt in 1...60 where sandbox.ledger.count == called {
                // The kill comes soon after the first provisioner starts. If it comes too early, the next delay is longer.
                let delay = Duration.milliseconds(20 * attempt + Int.random(in: 0..<20, using: &generator))
                if try await sandbox.kill(after: delay, "sync") { kills += 1 }
            }
            // The preset is removed before the next start, so that workspaces which appear later would be orphans.
            try await sandbox.commit(["b.yaml": nil])
            let sync = try await sandbox.prewarm("sync", "--wait", "--timeout", "2m")
            #expect(sync.code == 0, "\(sync.err)")
        }
        #expect(kills >= 12)
        // Each call takes less than a second.
        try await Task.sleep(for: .seconds(1))
        let export = try await sandbox.prewarm("export").json()
        #expect(Set(export["workspaces"]?.list.compactMap { $0["id"]?.string } ?? []) == sandbox.instances)
        #expect(sandbox.bytes("overlaps") == nil, "a second call ran beside a first")
    }
}
