import Foundation
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import Testing

@Suite("Servers that do not answer")
struct TimeoutTests {
    let folder: Folder
    let origin: Origin

    init() async throws {
        folder = try Folder()
        origin = try await Origin(folder)
        // Random bytes, so that a pack has a middle.
        let noise = (0..<40_000).map { _ in String(UInt8.random(in: 0...255), radix: 16) }.joined()
        try await origin.commit(["a.yaml": noise])
    }

    @Test(
        "A silent or slow server is given up in time",
        arguments: [
            ("silent", "http", 1000, 30_000, "it accepted the connection, but sent nothing for 1 s"),
            ("silent", "http", 30_000, 1000, "it did not finish within 1 s"),
            ("silent", "https", 1000, 30_000, "sent no"),
            ("stall", "http", 1000, 30_000, "it sent no more data for 1 s"),
            ("stall", "http", 30_000, 1000, "it did not finish within 1 s"),
            ("stall", "https", 1000, 30_000, "sent no"),
            ("trickle", "http", 2500, 4500, "it did not finish within 4.5 s"),
            ("trickle", "https", 2500, 4500, "it did not finish within 4.5 s"),
            ("cut", "http", 5000, 30_000, "closed the connection early"),
            ("cut", "https", 5000, 30_000, "closed the connection early"),
        ])
    func silence(_ manner: String, _ scheme: String, _ idle: Int, _ total: Int, _ message: String) async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, scheme == "https" ? certificate.options : []) { server in
            let mirror = try folder.mirror(server.url("\(manner)/origin/.git", scheme: scheme, host: "localhost")) {
                $0.limits.idleTimeout = .milliseconds(idle)
                $0.limits.timeout = .milliseconds(total)
                $0.caFile = certificate.file
            }
            try await givesUp(mirror, message)
        }
    }

    @Test(
        "A server may be silent for a sixth of the timeout, at least 10 s, and never more than the timeout",
        arguments: [(5, 5), (10, 10), (60, 10), (120, 20), (600, 100)])
    func idle(_ timeout: Int, _ idle: Int) {
        #expect(GitLimits(timeout: .seconds(timeout)).idleTimeout == .seconds(idle))
    }

    @Test(
        "A server that lists references forever is given up before they fill the memory", arguments: ["http", "https"])
    func endless(_ scheme: String) async throws {
        let certificate = try await Certificate(folder, for: "DNS:localhost")
        try await GitServer.serving(folder, scheme == "https" ? certificate.options : []) { server in
            let mirror = try folder.mirror(server.url("endless/a", scheme: scheme, host: "localhost")) {
                $0.caFile = certificate.file
            }
            let failure = try await head(of: mirror)
            #expect(failure.reason == .tooLarge && failure.message.contains("cannot list the references of localhost:"))
            #expect(failure.message.hasSuffix(": they are larger than 64 MiB"), "\(failure)")
        }
    }

    @Test("A server that is silent in the handshake is given up", arguments: ["http", "https"])
    func handshake(_ scheme: String) async throws {
        let listener = try Listener()
        let mirror = try folder.mirror("\(scheme)://127.0.0.1:\(listener.port)/a") {
            $0.limits.idleTimeout = .seconds(1)
        }
        let isKnown = scheme == "http"
        try await givesUp(
            mirror, isKnown ? "it accepted the connection, but sent nothing for 1 s" : "no answer within 1 s")
    }

    @Test("A refused connection and an unknown host are reported")
    func nobody() async throws {
        let port = try Listener().port
        let refused = try await head(of: try folder.mirror("https://127.0.0.1:\(port)/a"))
        #expect(refused.reason == .unreachable)
        #expect(refused.message.contains("cannot connect to 127.0.0.1:\(port): connection refused"), "\(refused)")
        let unknown = try await head(of: try folder.mirror("https://nowhere.invalid/a"))
        #expect(unknown.reason == .unreachable)
        #expect(unknown.message.contains("nowhere.invalid"), "\(unknown)")
    }

    @Test("A request ends at once if its task is canceled")
    func cancelled() async throws {
        let listener = try Listener()
        let mirror = try folder.mirror("https://127.0.0.1:\(listener.port)/a") {
            $0.limits.timeout = .seconds(600)
            $0.limits.idleTimeout = .seconds(600)
        }
        let (failure, start, end) = await withTaskGroup { group in
            group.addTask { await mirror.failure() }
            try? await Task.sleep(for: .milliseconds(300))
            let start = ContinuousClock.now
            group.cancelAll()
            let result = await group.next()
            return (result?.failure, start, result?.end ?? start)
        }
        #expect(end - start < .seconds(20))
        #expect(failure?.reason == .unreachable)
        #expect(failure?.message.contains("canceled") == true, "\(String(describing: failure))")
    }

    @Test("A failed request leaves the mirror unchanged, and the next one succeeds when the server answers")
    func recovery() async throws {
        try await GitServer.serving(folder) { server in
            let good = try folder.mirror(server.url("open/origin/.git"))
            let first = try await good.head()
            let before = try await contents(good, first)
            try await origin.commit(["b.yaml": String(repeating: UUID().uuidString, count: 1000)])
            for manner in ["stall", "cut"] {
                let bad = try folder.mirror(server.url("\(manner)/origin/.git")) { $0.limits.idleTimeout = .seconds(1) }
                try await givesUp(bad, "")
                #expect(try await contents(bad, first) == before)
            }
            #expect(try await contents(good, try await good.head()).count == 2)
            #expect(folder.names(below: "mirror").allSatisfy { !$0.contains("_git2_") && !$0.contains("incoming") })
        }
    }
}

/// Fetches the head, and expects that it fails in time.
func givesUp(
    _ mirror: GitMirror, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let result = await mirror.failure()
    let failure = try #require(result.failure, sourceLocation: sourceLocation)
    #expect(result.end - result.start < .seconds(20), sourceLocation: sourceLocation)
    #expect(failure.reason == .unreachable, sourceLocation: sourceLocation)
    #expect(message.isEmpty || failure.message.contains(message), "\(failure)", sourceLocation: sourceLocation)
}

extension GitMirror {
    /// Fetches the head, and returns the failure with the times of the start and the end.
    func failure() async -> (failure: GitFailure?, start: ContinuousClock.Instant, end: ContinuousClock.Instant) {
        let start = ContinuousClock.now
        do throws(GitFailure) {
            try await fetch(try await head())
            return (nil, start, .now)
        } catch {
            return (error, start, .now)
        }
    }
}
