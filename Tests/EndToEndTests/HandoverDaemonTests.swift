import Foundation
import Synchronization
import Testing

@Suite("Handovers by a daemon")
struct HandoverDaemonTests {
    private static func body(_ act: String = "", _ more: String = "", owner: String = "ada") -> String {
        #"{"owner": "\#(owner)", "parameters": {"act": "\#(act)", "token": "\#(Sandbox.secret)"}\#(more)}"#
    }

    @Test("A request that does not wait for the handover can ask for its result")
    func pending() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 2, "")]))
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 2) }
            let answer = try await daemon.post("/api/v1/presets/a/claims", Self.body("slow", #", "wait": "1s""#))
            #expect(answer.status == 202, "\(answer.text)")
            let pending = try answer.json()
            let id = try #require(pending["id"]?.string)
            #expect(pending["handover"]?.string == "pending" && pending["credentials"] == nil)
            #expect(answer.headers.first(name: "Cache-Control") == "no-store")
            let early = try await daemon.post("/api/v1/workspaces/\(id)/credentials")
            #expect(early.status == 409 || early.status == 200, "\(early.text)")
            try await daemon.eventually("handed over") {
                try await daemon.get("/api/v1/workspaces/\(id)").json()["handover"]?.string == "done"
            }
            let got = try await daemon.post(
                "/api/v1/workspaces/\(id)/credentials", #"{"parameters": {"token": "\#(Sandbox.secret)"}}"#)
            #expect(got.status == 200, "\(got.text)")
            #expect(try got.json()["credentials"]?["password"]?.string == Sandbox.credential + id)
            #expect(got.headers.first(name: "Cache-Control") == "no-store")
            try await Self.expectNoLeak(daemon, id)
            let metrics = try await daemon.get("/metrics").text
            #expect(
                metrics.contains(#"prewarm_handovers_total{source="presets",preset="a",result="done"}"#), "\(metrics)")
            #expect(
                metrics.contains(#"prewarm_claim_usable_seconds_count{source="presets",preset="a"} 1"#), "\(metrics)")
        }
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    /// Checks that no route with GET shows a secret or a credential.
    private static func expectNoLeak(_ daemon: RunningDaemon, _ id: String) async throws {
        for path in [
            "workspaces", "workspaces/\(id)", "operations", "events", "status", "presets/a", "export", "audit",
            "templates", "claims",
        ] {
            let text = try await daemon.get("/api/v1/\(path)").text
            #expect(!text.contains(Sandbox.secret) && !text.contains(Sandbox.credential), "\(path): \(text)")
        }
        #expect(!daemon.log.contains(Sandbox.secret) && !daemon.log.contains(Sandbox.credential))
    }

    @Test("A daemon that stops lets a handover end that its request does not wait for")
    func stopped() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 1, "")]))
        let id = Box("")
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 1) }
            let answer = try await daemon.post("/api/v1/presets/a/claims", Self.body("slow", #", "wait": "1s""#))
            #expect(answer.status == 202, "\(answer.text)")
            id.value.withLock { $0 = (try? answer.json()["id"]?.string) ?? "" }
            try await daemon.eventually("running") { sandbox.ledger.contains("claim \(id.value.withLock { $0 })") }
        }
        let workspace = try await sandbox.prewarm("get", "workspaces", "-o", "json").json()[0]
        #expect(workspace?["id"]?.string == id.value.withLock { $0 })
        #expect(workspace?["handover"]?.string == "done", "\(String(describing: workspace))")
    }

    /// A value that a test and the body of a daemon share.
    private final class Box: Sendable {
        let value: Mutex<String>

        init(_ value: String) { self.value = Mutex(value) }
    }

    @Test("A command waits for a pending handover and gets the credentials")
    func command() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(
            Sandbox.handover([("a", 1, ""), ("b", 0, "  onEmpty: create")]))
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 1) }
            for preset in ["a", "b"] {
                let claimed = try await daemon.prewarm(
                    "claim", preset, "--owner", "ada", "--secret-file", "token=\(sandbox.root.path)/token", "-o", "json"
                )
                #expect(claimed.code == 0, "\(claimed.err)\(daemon.log)")
                let document = try claimed.json()
                #expect(document["handover"]?.string == "done")
                #expect(
                    document["credentials"]?["password"]?.string == Sandbox.credential + (document["id"]?.string ?? ""))
            }
        }
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("A failed handover is answered with 502 and the redacted end of the log")
    func failed() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 3, "")]))
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 3) }
            let answer = try await daemon.post("/api/v1/presets/a/claims", Self.body("exit"))
            let problem = try answer.json()
            #expect(answer.status == 502 && problem["title"]?.string == "HandoverFailed", "\(answer.text)")
            #expect(problem["detail"]?.string?.contains("exit code 1: no such branch") == true)
            #expect(problem["log"]?.string == "for ada with *** and ***\nno such branch", "\(answer.text)")
            try await daemon.eventually("refilled") { try await daemon.isReady("a", 3) }
            let wrong = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada", "parameters": {"x": 1}}"#)
            #expect(wrong.status == 422, "\(wrong.text)")
            #expect(try wrong.json()["errors"]?.list.count == 2, "\(wrong.text)")
        }
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("Only the owner gets credentials")
    func owners() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 1, "")]))
        var tokens: [String: String] = [:]
        for (name, role) in [("ops", "operator"), ("ada", "claimer"), ("eve", "claimer"), ("tv", "viewer")] {
            tokens[name] = try await sandbox.prewarm("token", "create", name, "--role", role).out
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let known = tokens
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 1) }
            func post(_ path: String, _ body: String, by name: String) async throws -> RunningDaemon.Answer {
                try await daemon.post(path, body, headers: ["Authorization": "Bearer \(known[name] ?? "")"])
            }
            let parameters = #"{"parameters": {"token": "\#(Sandbox.secret)"}}"#
            let claimed = try await post("/api/v1/presets/a/claims", parameters, by: "ada")
            #expect(claimed.status == 201, "\(claimed.text)")
            let id = try #require(try claimed.json()["id"]?.string)
            #expect(try claimed.json()["credentials"] != nil)
            for name in ["ops", "eve", "tv"] {
                let refused = try await post("/api/v1/workspaces/\(id)/credentials", parameters, by: name)
                #expect(refused.status == 403, "\(name): \(refused.text)")
            }
            let own = try await post("/api/v1/workspaces/\(id)/credentials", parameters, by: "ada")
            #expect(own.status == 200 && own.text.contains(Sandbox.credential), "\(own.text)")
            try await Self.expectNoLeak(daemon, id)
        }
    }

    @Test("Of a release and a handover, the release wins, and the request says so")
    func released() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 1, "")]))
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 1) }
            async let answer = daemon.post("/api/v1/presets/a/claims", Self.body("hang"))
            var id = ""
            try await daemon.eventually("running") {
                id = try await daemon.get("/api/v1/workspaces?state=claimed").json()[0]?["id"]?.string ?? ""
                return sandbox.ledger.contains("claim \(id)")
            }
            #expect(try await daemon.post("/api/v1/workspaces/\(id)/release").status == 202)
            let ended = try await answer
            #expect(ended.status == 410 && ended.text.contains("ClaimEnded"), "\(ended.text)")
            try await daemon.eventually("deleted") { sandbox.ledger.contains("delete \(id)") }
        }
    }

    /// The answers of claims by the number of the claim: the status and the document.
    private actor Answers {
        private(set) var byNumber: [Int: (status: Int, id: String, handover: String)] = [:]

        func add(_ number: Int, _ answer: RunningDaemon.Answer) throws {
            let document = try answer.json()
            byNumber[number] = (
                answer.status, document["id"]?.string ?? "", document["handover"]?.string ?? ""
            )
        }
    }

    @Test(
        "A daemon that is killed at any moment answers no half handover, and leaks no secret", .timeLimit(.minutes(20)))
    func killed() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(
            Sandbox.handover([("a", 8, "")]),
            configuration: Sandbox.handingOver + "policy: {deletionGuard: {percent: 100}}\n")
        let answers = Answers()
        var generator = SystemRandomNumberGenerator()
        // `PREWARM_KILLED_CLAIMS` is the number of claims. Each eighth one comes with a kill.
        let rounds = (ProcessInfo.processInfo.environment["PREWARM_KILLED_CLAIMS"].flatMap { Int($0) } ?? 80) / 8
        for round in 0..<rounds {
            let delay = Duration.milliseconds(Int.random(in: 20...900, using: &generator))
            try await sandbox.serve { daemon in
                try await daemon.eventually("some ready") {
                    let answer = try await daemon.get("/api/v1/presets?name=a").json()
                    return answer[0]?["eligible"]?.int ?? 0 >= 4
                }
                await withTaskGroup(of: Void.self) { group in
                    for index in 0..<8 {
                        group.addTask {
                            let number = round * 8 + index
                            guard
                                let answer = try? await daemon.post(
                                    "/api/v1/presets/a/claims", Self.body("brief"),
                                    headers: ["Idempotency-Key": "k\(number)"])
                            else { return }
                            try? await answers.add(number, answer)
                        }
                    }
                    group.addTask {
                        try? await Task.sleep(for: delay)
                        try? daemon.send(.kill)
                    }
                    await group.waitForAll()
                }
            }
        }
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
        let known = await answers.byNumber
        try await sandbox.serve { daemon in
            try await daemon.eventually("interrupted handovers end") {
                try await daemon.get("/api/v1/workspaces?state=claimed&limit=1000").json().list
                    .allSatisfy { $0["handover"]?.string == "done" }
            }
            let claimed = try await daemon.get("/api/v1/workspaces?state=claimed&limit=1000").json().list
                .compactMap { $0["id"]?.string }
            for (number, answer) in known where answer.status == 201 {
                #expect(answer.handover == "done", "claim \(number)")
                #expect(claimed.contains(answer.id), "claim \(number) was granted and is gone")
                #expect(sandbox.bytes("instances/\(answer.id)/owner") == Data("ada\n".utf8), "claim \(number)")
            }
            for id in claimed { #expect(sandbox.bytes("instances/\(id)/owner") == Data("ada\n".utf8), "\(id)") }
            // Each key still works: it gets its workspace with the credentials again, or another one.
            for number in known.keys.sorted().prefix(10) {
                try await daemon.eventually("claim \(number) again") {
                    let again = try await daemon.post(
                        "/api/v1/presets/a/claims", Self.body(), headers: ["Idempotency-Key": "k\(number)"])
                    guard again.status == 201 else { return false }
                    let document = try again.json()
                    if let first = known[number], first.status == 201 { #expect(document["id"]?.string == first.id) }
                    return document["credentials"]?["password"]?.string?.hasPrefix(Sandbox.credential) == true
                }
            }
        }
        let done = known.values.count { $0.status == 201 }
        print("\(rounds) kills: \(rounds * 8) claims, \(known.count) answered, \(done) of them as done")
        #expect(done > 0, "no claim came through")
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }
}
