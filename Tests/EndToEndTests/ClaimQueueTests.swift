import AsyncHTTPClient
import Foundation
import Testing

@Suite("The queue of a daemon")
struct DaemonQueueTests {
    @Test("Claims that wait get workspaces in the order in which they asked, also if many of them hang up")
    func crowd() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("two are ready") { try await daemon.isReady("a", 2) }
            try await daemon.prewarm("suspend", "a")
            for _ in 0..<2 {
                #expect(try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "x"}"#).status == 201)
            }
            // The shared client opens at most eight connections.
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: .init(
                    connectionPool: .init(
                        idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: 100)))
            defer { client.shutdown(queue: .global()) { _ in } }
            try await withThrowingTaskGroup(of: Claimer?.self) { group in
                for owner in 0..<60 {
                    group.addTask { try await Self.wait(owner, daemon, client, hangsUp: owner % 3 == 2) }
                    guard owner % 3 != 2 else { continue }
                    let place = owner - owner / 3
                    try await daemon.eventually("it waits") { try await Self.waiting(daemon) > place }
                }
                try await daemon.eventually("the others hung up") { try await Self.waiting(daemon) == 40 }
                try await Self.expectShown(40, daemon)
                try await daemon.prewarm("resume", "a")
                var claimers: [Claimer] = []
                for try await claimer in group { if let claimer { claimers.append(claimer) } }
                #expect(Set(claimers.map(\.workspace)).count == 40, "each claim got a workspace of its own")
                let granted = try await daemon.get("/api/v1/claims?limit=1000").json().list
                    .filter { $0["result"]?.string == "waited" }
                    .sorted { ($0["grantedAt"]?.string ?? "") < ($1["grantedAt"]?.string ?? "") }
                // On a busy machine, a request may arrive later than one that was sent after it.
                let order = granted.map { "\($0["askedAt"]?.string ?? "") \($0["id"]?.string ?? "")" }
                #expect(order.count == 40)
                let ranks = order.sorted()
                for (index, claim) in order.enumerated() {
                    let rank = ranks.firstIndex(of: claim) ?? 0
                    // Two workspaces are ready at a time, so two claims may be granted in any order.
                    #expect(abs(rank - index) <= 2, "\(claim) came as number \(index): \(order)")
                }
            }
            let claims = try await daemon.get("/api/v1/workspaces?limit=1000&state=claimed").json().list
            #expect(claims.allSatisfy { $0["owner"]?.string == "x" }, "a client that hung up keeps no workspace")
            #expect(try await Self.waiting(daemon) == 0)
        }
    }

    /// Waits until every view of the pool shows how many claims wait.
    private static func expectShown(_ count: Int, _ daemon: RunningDaemon) async throws {
        // A claim of a client that hung up may still join and leave.
        try await daemon.eventually("every view shows \(count) waiting claims") {
            let listed = try await daemon.get("/api/v1/presets").json()
            let status = try await daemon.get("/api/v1/status").json()
            let described = try await daemon.get("/api/v1/presets/a").json()
            let table = try await daemon.prewarm("get", "presets").out.split(separator: "\n")
                .map { $0.split(separator: " ") }
            guard table.count > 1, let column = table[0].firstIndex(of: "WAITING") else { return false }
            return listed[0]?["waiting"]?.int == count && status["presets"]?[0]?["waiting"]?.int == count
                && status["totals"]?["waiting"]?.int == count && described["waiting"]?.int == count
                && described["story"]?.list.contains { $0.string == "\(count) claims wait for a workspace." } == true
                && table[1][column] == "\(count)"
        }
    }

    private struct Claimer: Sendable {
        let workspace: String
    }

    /// Waits for a workspace and releases it.
    private static func wait(
        _ owner: Int, _ daemon: RunningDaemon, _ client: HTTPClient, hangsUp: Bool
    ) async throws -> Claimer? {
        let path = "/api/v1/presets/a/claims"
        let body = #"{"owner": "w\#(owner)", "wait": "5m"}"#
        if hangsUp {
            let request = Task { try await daemon.call("POST", path, body: body, client: client) }
            try await Task.sleep(for: .milliseconds(Int64(20 + owner * 7 % 100)))
            request.cancel()
            _ = try? await request.value
            return nil
        }
        let claimed = try await daemon.call("POST", path, body: body, patience: .seconds(280), client: client).json()
        let id = try #require(claimed["id"]?.string, "\(claimed)")
        _ = try await daemon.post("/api/v1/workspaces/\(id)/release")
        return Claimer(workspace: id)
    }

    private static func waiting(_ daemon: RunningDaemon) async throws -> Int {
        let metrics = try await daemon.get("/metrics").text
        let line = metrics.split(separator: "\n").first { $0.hasPrefix("prewarm_claims_waiting{") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
    }

    @Test("A waiting claim shows its place, can be continued, and ends when its owner cancels it")
    func ticket() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try await daemon.prewarm("suspend", "a")
            let path = "/api/v1/presets/a/claims"
            #expect(try await daemon.post(path, #"{"owner": "x"}"#).status == 201)
            let first = try await daemon.post(path, #"{"owner": "ada", "wait": "1s", "queue": true}"#)
            #expect(first.status == 202, "\(first.text)")
            let ticket = try #require(try first.json()["ticket"]?.string)
            #expect(try first.json()["position"]?.int == 1)
            try await daemon.eventually("it says why") {
                let place = try await daemon.get("/api/v1/claims/\(ticket)").json()
                return place["why"]?.string == "the preset is suspended"
            }
            #expect(first.headers["Location"] == ["/api/v1/claims/\(ticket)"])
            let second = try await daemon.post(path, #"{"owner": "bob", "wait": "1s", "queue": true}"#)
            #expect(try second.json()["position"]?.int == 2)
            let continued = try await daemon.post(
                path, #"{"owner": "ada", "wait": "1s", "queue": true, "continues": "\#(ticket)"}"#)
            #expect(try continued.json()["ticket"]?.string == ticket)
            #expect(try continued.json()["position"]?.int == 1, "it keeps its place")
            #expect(try await daemon.call("DELETE", "/api/v1/claims/\(ticket)").status == 200)
            #expect(try await daemon.get("/api/v1/claims/\(ticket)").json()["result"]?.string == "missed")
            let bob = try #require(try second.json()["ticket"]?.string)
            #expect(try await daemon.get("/api/v1/claims/\(bob)").json()["position"]?.int == 1)
        }
    }

    @Test("A stream about a claim shows each place in the queue, and ends with the result")
    func stream() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try await daemon.prewarm("suspend", "a")
            let path = "/api/v1/presets/a/claims"
            #expect(try await daemon.post(path, #"{"owner": "x"}"#).status == 201)
            var tickets: [String] = []
            for owner in ["ada", "bob"] {
                let answer = try await daemon.post(path, #"{"owner": "\#(owner)", "wait": "1s", "queue": true}"#)
                tickets.append(try #require(try answer.json()["ticket"]?.string))
            }
            var request = HTTPClientRequest(url: daemon.url + "/api/v1/claims/\(tickets[1])")
            request.headers.add(name: "Accept", value: "text/event-stream")
            request.headers.add(name: "Authorization", value: "Bearer \(daemon.localToken)")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(300))
            #expect(response.headers.first(name: "Content-Type") == "text/event-stream")
            var text = ""
            var (hasFirst, hasSecond) = (false, false)
            for try await part in response.body {
                text += String(buffer: part)
                if text.contains(#""position":2"#), !hasFirst {
                    hasFirst = true
                    #expect(try await daemon.call("DELETE", "/api/v1/claims/\(tickets[0])").status == 200)
                }
                if text.contains(#""position":1"#), !hasSecond {
                    hasSecond = true
                    #expect(try await daemon.call("DELETE", "/api/v1/claims/\(tickets[1])").status == 200)
                }
            }
            #expect(hasFirst && hasSecond)
            #expect(text.contains("event: waiting\ndata: {") && text.contains("event: missed\ndata: {"), "\(text)")
            request.url = daemon.url + "/api/v1/claims/nothing"
            #expect(try await HTTPClient.shared.execute(request, timeout: .seconds(60)).status == .notFound)
        }
    }

    @Test("A claim that no workspace can come for is refused at once")
    func hopeless() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is applied") { try await daemon.get("/api/v1/presets/a").status == 200 }
            let answer = try await daemon.call(
                "POST", "/api/v1/presets/a/claims", body: #"{"owner": "ada", "wait": "5m"}"#, patience: .seconds(100))
            #expect(answer.status == 409)
        }
    }
}
