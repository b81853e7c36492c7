import Foundation
import Testing

@Suite("The limits of owners in commands and in the API")
struct OwnerLimitCommandTests {
    private static let policy = """
        policy:
          owners:
            default: {claims: 2, waiting: 1}
            rules:
              - {match: team-a/*, claims: 3}
              - {match: ci, kind: token, claims: 1}

        """

    @Test("A claim beyond the limit says what the owner holds and what to release")
    func command() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration + Self.policy)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 6)])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        var names: [String] = []
        for _ in 0..<2 {
            names.append(
                try await sandbox.prewarm("claim", "a", "--owner", "ada", "-o", "json").json()["name"]?.string ?? "")
        }
        for more in [[], ["--wait", "1m"]] {
            let refused = try await sandbox.prewarm(["claim", "a", "--owner", "ada"] + more)
            #expect(refused.code == 1, "\(refused)")
            #expect(
                refused.err.contains(
                    "cannot claim a workspace: ada holds 2 workspaces, and the limit is 2: \(names[0]), \(names[1])"),
                "\(refused.err)")
            #expect(refused.err.contains("hint: release one of them: `prewarm release \(names[0])`"), "\(refused.err)")
        }
        let other = try await sandbox.prewarm("claim", "a", "--owner", "bob", "-o", "json").json()["name"]?.string ?? ""
        let transfer = try await sandbox.prewarm("transfer", other, "--to", "ada")
        #expect(
            transfer.code == 1 && transfer.err.contains("cannot transfer \(other) to ada: ada holds"), "\(transfer)")
        for code: Int32 in [0, 0, 0, 1] {
            #expect(try await sandbox.prewarm("claim", "a", "--owner", "team-a/eve").code == code)
        }
        #expect(try await sandbox.prewarm("release", names[0]).code == 0)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(try await sandbox.prewarm("claim", "a", "--owner", "ada").code == 0)
    }

    @Test("Claims of several processes at the same time do not pass the limit")
    func processes() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration + Self.policy)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 6),
            "b.yaml": Sandbox.preset("b", instances: 0, "  onEmpty: create"),
        ])
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let results = try await withThrowingTaskGroup(of: Sandbox.Result.self) { group in
            for index in 0..<6 {
                group.addTask { try await sandbox.prewarm("claim", index % 3 == 0 ? "b" : "a", "--owner", "ada") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0.code == 0 } == 2, "\(results)")
        #expect(results.count { $0.err.contains("the limit is 2") } == 4, "\(results)")
        let held = try await sandbox.prewarm("get", "workspaces", "--owner", "ada", "-o", "json").json().list
        #expect(held.count == 2, "\(held)")
    }

    @Test("The API answers 429 with the workspaces that the caller may see, and bounds the waiting claims of an owner")
    func daemon() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration + Self.policy)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 1),
            "c.yaml": Sandbox.preset("c", instances: 1, "  suspended: true"),
        ])
        // The first token has to be one of an operator.
        #expect(try await sandbox.prewarm("token", "create", "admin", "--role", "operator").code == 0)
        let made = try await sandbox.prewarm("token", "create", "ops", "--role", "operator", "--preset", "b")
        let ops = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        try await sandbox.serve { daemon in
            for preset in ["a", "b"] {
                try await daemon.eventually("\(preset) is ready") { try await daemon.isReady(preset, 1) }
            }
            let held = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#).json()
            _ = try await daemon.post("/api/v1/presets/b/claims", #"{"owner": "ada"}"#)
            let refused = try await daemon.post("/api/v1/presets/b/claims", #"{"owner": "ada"}"#)
            let problem = try refused.json()
            #expect(refused.status == 429 && problem["title"]?.string == "OwnerLimit", "\(refused.text)")
            #expect(problem["holds"]?.list.count == 2 && problem["holds"]?[0]?["id"]?.string == held["id"]?.string)
            let scoped = try await daemon.post(
                "/api/v1/presets/b/claims", #"{"owner": "ada"}"#, headers: ["Authorization": "Bearer \(ops)"])
            #expect(try scoped.status == 429 && scoped.json()["holds"]?.list.count == 1, "\(scoped.text)")
            #expect(!scoped.text.contains("\"a\"") && scoped.text.contains("ada holds 2 workspaces"), "\(scoped.text)")
            let metrics = try await daemon.get("/metrics").text
            #expect(
                metrics.contains(#"prewarm_claims_total{source="presets",preset="b",result="limited"} 2"#), "\(metrics)"
            )

            let body = #"{"owner": "bob", "wait": "1s", "queue": true}"#
            let first = try await daemon.post("/api/v1/presets/c/claims", body)
            #expect(first.status == 202, "\(first.text)")
            let second = try await daemon.post("/api/v1/presets/c/claims", body)
            #expect(try second.status == 429 && second.json()["title"]?.string == "QueueFull", "\(second.text)")
            #expect(second.text.contains("1 claim waits for bob, which is the limit"), "\(second.text)")
        }
    }
}
