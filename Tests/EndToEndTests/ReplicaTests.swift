import Foundation
import PostgresSupport
import Testing

@Suite(
    "Several daemons on one PostgreSQL database", .serialized,
    .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct ReplicaTests {
    /// Returns a sandbox with four sources that read the same folder of one repository.
    private func sandbox(_ server: PostgresServer = .shared, sources: Int = 4, instances: Int = 2) async throws
        -> Sandbox
    {
        let url = try await server.store()
        let list = (1...sources).map { number in
            """
              - name: s\(number)
                url: file://ROOT/repo
                ref: {branch: main}
                path: s\(number)
                interval: 1h

            """
        }.joined()
        let start = try #require(Sandbox.configuration.firstRange(of: "  - name: presets"))
        let end = try #require(Sandbox.configuration.firstRange(of: "provisioners:"))
        var text = Sandbox.configuration
        text.replaceSubrange(start.lowerBound..<end.lowerBound, with: list)
        let sandbox = try await Sandbox(
            configuration: text.replacing("store: sqlite:prewarm.db", with: "store: \"\(url)\""))
        try await sandbox.commit(files(sources: sources, instances: instances))
        return sandbox
    }

    private func files(sources: Int, instances: Int) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (1...sources).map { number in
                ("../s\(number)/p.yaml", Sandbox.preset("p\(number)", instances: instances))
            })
    }

    /// Returns the names of the replicas by the sources that they hold.
    private func holders(_ daemon: RunningDaemon) async throws -> [String: String] {
        let sources = try await daemon.get("/api/v1/sources").json().list
        return Dictionary(
            sources.compactMap { source in
                source["replica"]?.string.flatMap { replica in source["name"]?.string.map { ($0, replica) } }
            }
        ) { first, _ in first }
    }

    private func isHeld(_ daemon: RunningDaemon, by pid: Int32, _ count: Int) async throws -> Bool {
        try await holders(daemon).values.count { $0.hasSuffix(":\(pid)") } == count
    }

    private func eachHoldsTwo(_ first: RunningDaemon, _ second: RunningDaemon) async throws -> Bool {
        for daemon in [first, second] where try await !isHeld(first, by: daemon.pid, 2) { return false }
        return true
    }

    private func arePoolsFull(_ daemon: RunningDaemon, sources: Int = 4, _ count: Int = 2) async throws -> Bool {
        for number in 1...sources where try await !daemon.isReady("p\(number)", count) { return false }
        return true
    }

    @Test("Sources are shared out, and a replica that ends hands them over within seconds")
    func handover() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve(logName: "a.log") { first in
            try await first.eventually("the pools are full") { try await arePoolsFull(first) }
            #expect(try await isHeld(first, by: first.pid, 4))
            let status = try await sandbox.serve(logName: "b.log") { second in
                try await second.eventually("each holds two") {
                    try await eachHoldsTwo(first, second)
                }
                let ready = try await second.get("/readyz")
                #expect(ready.status == 200, "\(ready.text)")
                let table = try await sandbox.prewarm("get", "sources")
                #expect(table.out.contains(":\(first.pid)") && table.out.contains(":\(second.pid)"), "\(table)")
                let status = try await sandbox.prewarm("status")
                #expect(status.out.contains("by ") && status.out.contains(":\(second.pid)"), "\(status)")
                #expect(second.log.contains("another replica reconciles the source"))
                // Both replicas reconcile their sources.
                try await sandbox.commit(files(sources: 4, instances: 3))
                for number in 1...4 {
                    let answer = try await second.post(
                        "/api/v1/sync", #"{"source": "s\#(number)", "wait": true, "timeout": "2m"}"#)
                    #expect(try answer.json()["state"]?.string == "converged", "\(answer.text)")
                }
                try await first.eventually("the pools are full again") { try await arePoolsFull(first, 3) }
                // The first replica takes over when the second one ends.
                let end = ContinuousClock.now
                try second.send(.terminate)
                try await first.eventually("the first one holds all") { try await isHeld(first, by: first.pid, 4) }
                #expect(.now - end < .seconds(10), "the leases did not have to expire")
            }
            #expect(status.isSuccess)
        }
    }

    @Test("After SIGKILL and SIGSTOP, another replica takes over, and the stopped one changes nothing afterwards")
    func takeover() async throws {
        let sandbox = try await sandbox()
        try await sandbox.serve(logName: "a.log") { first in
            try await first.eventually("the pools are full") { try await arePoolsFull(first) }
            try await sandbox.serve(logName: "b.log") { second in
                try await first.eventually("each holds two") {
                    try await eachHoldsTwo(first, second)
                }
                try second.send(.suspend)
                try await first.eventually("it takes over from the stopped one") {
                    try await isHeld(first, by: first.pid, 4)
                }
                try await sandbox.commit(files(sources: 4, instances: 3))
                let answer = try await first.post("/api/v1/sync", #"{"wait": true, "timeout": "2m"}"#)
                #expect(try answer.json()["state"]?.string == "converged", "\(answer.text)")
                try second.send(.resume)
                try await first.eventually("it comes back") {
                    try await eachHoldsTwo(first, second)
                }
                #expect(try await arePoolsFull(first, 3))
                try second.send(.kill)
                try await first.eventually("it takes over from the dead one") {
                    try await isHeld(first, by: first.pid, 4)
                }
                let metrics = try await first.get("/metrics").text
                #expect(metrics.contains("prewarm_lease_takeovers_total{source=\"s"))
            }
        }
        let workspaces = try await sandbox.prewarm("get", "workspaces", "-o", "json").json()
        #expect(Set(workspaces.list.compactMap { $0["id"]?.string }) == sandbox.instances)
        #expect(workspaces.list.count == 12)
    }

    @Test("A claim that waits at one replica gets the workspace that another replica releases or builds")
    func waiting() async throws {
        let sandbox = try await sandbox(sources: 1, instances: 1)
        try await sandbox.serve(logName: "a.log") { first in
            try await first.eventually("the pool is full") { try await first.isReady("p1", 1) }
            try await sandbox.serve(logName: "b.log") { second in
                var ids: Set<String> = []
                for number in 0..<6 {
                    let daemon = number.isMultiple(of: 2) ? first : second
                    let answer = try await daemon.post(
                        "/api/v1/presets/p1/claims", #"{"owner": "o\#(number)", "wait": "2m"}"#)
                    #expect(answer.status == 201, "\(answer.text)")
                    if let id = try answer.json()["id"]?.string { ids.insert(id) }
                }
                #expect(ids.count == 6)
            }
        }
    }
}
