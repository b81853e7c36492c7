import Foundation
import Subprocess
import SystemPackage
import Testing

@Suite("Leases of claims in commands and in the API")
struct LeaseCommandTests {
    private static let short = "  lease: {ttl: 4s, warn: 2s, grace: 2s}"

    @Test("A daemon warns before it ends a claim without a renewal, and gives the reason afterwards")
    func expires() async throws {
        let sandbox = try await Sandbox()
        // A busy machine may need some seconds for one look.
        let lease = "  lease: {ttl: 25s, warn: 20s, grace: 10s}"
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, lease)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            let claim = try await daemon.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()
            let id = try #require(claim["id"]?.string)
            #expect(claim["lease"]?["state"]?.string == "active" && claim["expiresAt"]?.string != nil, "\(claim.value)")
            try await daemon.eventually("it is expiring") {
                let status = try await daemon.prewarm("status")
                return status.out.contains("the lease of a-") && status.out.contains("`prewarm renew a-")
            }
            try await daemon.eventually("it is deleted") { !sandbox.instances.contains(id) }
            let renewal = try await daemon.post("/api/v1/workspaces/\(id)/renew")
            #expect(renewal.status == 410 && renewal.text.contains("its lease ended without a renewal"))
            let claims = try await daemon.prewarm("get", "claims", "-o", "json").json().list
            #expect(claims.first { $0["workspace"]?.string == id }?["endReason"]?.string == "Expired")
            let events = try await daemon.prewarm("get", "events", "-o", "json").out
            #expect(events.contains("\"Expiring\"") && events.contains("\"LeaseExpired\""))
            let metrics = try await daemon.get("/metrics").text
            #expect(
                metrics.contains(#"prewarm_claim_ends_total{source="presets",preset="a",reason="Expired"} 1"#),
                "\(metrics)")
        }
    }

    @Test("Renewals keep a claim, and its owner may not be passed over")
    func renewed() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, Self.short)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            func token(_ name: String) async throws -> String {
                let made = try await daemon.prewarm("token", "create", name, "--role", "claimer")
                return made.out.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            try await daemon.prewarm("token", "create", "ops", "--role", "operator")
            let (ci, eve) = (try await token("ci"), try await token("eve"))
            func post(_ path: String, as token: String, _ body: String = "{}") async throws -> RunningDaemon.Answer {
                try await daemon.post("/api/v1/\(path)", body, headers: ["Authorization": "Bearer \(token)"])
            }
            let claim = try await post("presets/a/claims", as: ci, #"{"for": "2h"}"#).json()
            let id = try #require(claim["id"]?.string)
            #expect(claim["lease"]?["ttl"]?.string == "2h", "there is no max: \(claim.value)")
            #expect(try await post("workspaces/\(id)/renew", as: eve).status == 403)
            #expect(try await post("workspaces/\(id)/hold", as: ci, #"{"until": "1h", "reason": "r"}"#).status == 403)
            #expect(try await post("workspaces/\(id)/revoke", as: ci, #"{"reason": "r"}"#).status == 403)
            #expect(try await post("workspaces/\(id)/transfer", as: eve, #"{"to": "eve"}"#).status == 403)
            #expect(try await post("workspaces/\(id)/renew", as: ci, #"{"for": "3h"}"#).status == 200)
            #expect(
                try await post("workspaces/\(id)/transfer", as: ci, #"{"to": "eve", "kind": "token"}"#).status == 200)
            #expect(try await post("workspaces/\(id)/renew", as: ci).status == 403)
            #expect(try await post("workspaces/\(id)/renew", as: eve).status == 200)
            let own = try await daemon.get("/api/v1/claims", headers: ["Authorization": "Bearer \(ci)"])
            #expect(try own.json().list.isEmpty, "a claimer sees only its own claims")
            let hold = try await daemon.prewarm("hold", id, "--until", "5h", "--reason", "incident 42")
            #expect(hold.code == 0 && hold.err.contains("held a-"), "\(hold)")
            let described = try await daemon.prewarm("describe", "workspace", id).out
            #expect(described.contains("incident 42"), "\(described)")
            #expect(try await daemon.prewarm("hold", id, "--end").code == 0)
            let revoked = try await daemon.prewarm("revoke", id, "--reason", "budget is used up")
            #expect(revoked.code == 0 && revoked.err.contains("revoked the claim of a-"), "\(revoked)")
            let late = try await post("workspaces/\(id)/renew", as: eve)
            #expect(late.status == 410 && late.text.contains("an operator revoked it") && late.text.contains("budget"))
            let audit = try await daemon.prewarm("get", "audit", "-o", "json").out
            for action in ["renew", "transfer", "hold", "end hold", "revoke"] {
                #expect(audit.contains("\"action\": \"\(action)\""), "\(action)")
            }
        }
    }

    @Test("A daemon that was killed gives owners the time back")
    func killed() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  lease: {ttl: 40s, warn: 1s}")])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            _ = try await daemon.prewarm("claim", "a", "--owner", "ada")
            try await daemon.eventually("the daemon wrote that renewals are possible") {
                try await sandbox.clockRows() == "1"
            }
            try daemon.send(.kill)
        }
        let claims = try await sandbox.prewarm("get", "claims", "-o", "json").json()
        let id = try #require(claims[0]?["workspace"]?.string)
        // Longer than the lease.
        try await Task.sleep(for: .seconds(41))
        try await sandbox.serve { daemon in
            try await daemon.eventually("it has read the leases") {
                daemon.log.contains("time without renewals does not count for leases")
            }
            let renewed = try await daemon.prewarm("renew", id)
            #expect(renewed.code == 0, "\(renewed)")
            try await daemon.eventually("then it ends") { !sandbox.instances.contains(id) }
        }
    }

    @Test("`get claims` and `report` show claims of all kinds")
    func reports() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("report").out.contains("There are no claims in this period."))
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "bob").code == 3)
        let claims = try await sandbox.prewarm("get", "claims", "-o", "json").json().list
        #expect(claims.map { $0["result"]?.string } == ["missed", "hit"], "newest first")
        #expect(try await sandbox.prewarm("get", "claims", "--owner", "bob", "-o", "json").json().list.count == 1)
        #expect(try await sandbox.prewarm("get", "claims", "--preset", "b").err == "There are no claims.\n")
        #expect(
            try await sandbox.prewarm("get", "claims", "--since", "1h", "-o", "name").out.split(separator: "\n").count
                == 2)
        let table = try await sandbox.prewarm("get", "claims").out
        #expect(table.contains("RESULT") && table.contains("missed") && table.contains("held"), "\(table)")
        let report = try await sandbox.prewarm("report", "--output", "json").json()
        #expect(report["rows"]?[0]?["claims"]?.int == 2 && report["rows"]?[0]?["missed"]?.int == 1, "\(report.value)")
        #expect(report["unclaimed"]?[0]?["preset"]?.string == "b")
        let text = try await sandbox.prewarm("report").out
        #expect(text.contains("HIT RATE") && text.contains("50%") && text.contains("Pools without a claim:"), "\(text)")
        #expect(try await sandbox.prewarm("report", "--by", "owner").out.contains("bob"))
    }

    @Test(
        "A lease in a manifest whose times contradict each other is an error",
        arguments: [
            ("{ttl: 1h, warn: 1h}", "invalid warn: expected less than the ttl 1h, found 1h"),
            ("{ttl: 2h, max: 1h}", "invalid max: expected at least the ttl 2h, found 1h"),
            ("{max: 1h}", "the required key \"ttl\" is missing"),
            ("{ttl: 1h, onExpiry: Stop}", "onExpiry"),
        ])
    func invalid(_ lease: String, _ message: String) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  lease: \(lease)")])
        let result = try await sandbox.prewarm("validate", "repo/presets")
        #expect(result.code == 1 && result.err.contains(message) || result.out.contains(message), "\(result)")
    }
}

extension Sandbox {
    /// Returns the number of rows in which a daemon recorded that renewals are possible.
    fileprivate func clockRows() async throws -> String {
        let script = """
            import sqlite3
            print(sqlite3.connect('prewarm.db').execute('SELECT count(*) FROM lease_clock').fetchone()[0])
            """
        let result = try await Subprocess.run(
            .name("python3"), arguments: ["-c", script], workingDirectory: FilePath(root.path),
            output: .string(limit: 4096), error: .discarded)
        return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
