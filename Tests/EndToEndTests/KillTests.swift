import Foundation
import Testing

@Suite struct KillTests {
    /// SIGKILL at many moments of many syncs; what is left is carried on, and nothing is twice, leaked or forgotten.
    @Test func killedAtAnyMomentTheNextRunCarriesOn() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration + "policy: {deletionGuard: {percent: 100}}\n")
        var generator = SystemRandomNumberGenerator()
        var kills = 0
        for round in 1...12 {
            let version = "\(round / 2)"
            try await sandbox.commit([
                "a.yaml": Sandbox.preset(
                    "a", instances: 2 + round % 3, version: version, "  parameters: {seconds: 0.05}"),
                "b.yaml": Sandbox.preset("b", instances: round % 4, version: version, "  strategy: {type: Recreate}"),
            ])
            // However fast the machine is, three are killed: who came too late is quicker the next time.
            var latest = 200
            for _ in 1...40 where kills < 3 * round {
                let delay = Duration.milliseconds(Int.random(in: 2...latest, using: &generator))
                if try await sandbox.kill(after: delay, "sync", "--wait") {
                    kills += 1
                } else {
                    latest = latest / 2 + 2
                }
            }
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
}
