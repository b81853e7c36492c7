import ClockSupport
import Foundation
import Logging
import PrewarmCore
import PrewarmEngine
@testable import PrewarmNotifications
import PrewarmSQLite
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Synchronization

/// A real store in a file, and an engine whose sources are at forges that are never contacted.
final class Journal: Sendable {
    let path: String
    let engine: Engine
    private let lines = Mutex<[String]>([])

    /// - Parameter now: The fixed time of the engine; nil for the wall clock.
    init(
        sources: [String: String] = ["presets": "https://github.com/acme/presets.git"], now: Timestamp? = nil,
        observe: @escaping @Sendable (Observation) -> Void = { _ in }
    ) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "prewarm-\(UUID().uuidString).db").path
        engine = try Self.engine(path, sources, holder: "first", observe: observe) { now ?? .wall }
    }

    deinit {
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }

    static func engine(
        _ path: String, _ sources: [String: String], holder: String,
        observe: @escaping @Sendable (Observation) -> Void = { _ in }, pausing clock: (any EngineClock)? = nil,
        now: @escaping @Sendable () -> Timestamp
    ) throws -> Engine {
        Engine(
            store: try SQLiteStore.open(path: path),
            sources: sources.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, url: $0.value, git: UnreachableGit())
            },
            provisioners: [:], defaultProvisioner: nil, policy: Policy(),
            parser: ManifestParsing(version: 1, sizeLimit: 1000) { _ in ParsedFile() },
            clock: RealClock(now: now, pausing: clock),
            random: randomBits, holder: holder,
            isDead: { _ in false }, observe: observe)
    }

    func append(_ events: Event...) async throws { try await append(events) }

    func append(_ events: [Event]) async throws { try await engine.store.write { try $0.append(events) } }

    /// Saves a state for each sink, so that it reads from the first event on like a sink that existed before.
    func register(_ sinks: String...) async throws {
        for sink in sinks {
            try await engine.store.write {
                try $0.save(SinkRecord(cursor: 0, state: SinkState().binary), ofSink: sink)
            }
        }
    }

    /// The log lines of the notifiers.
    var log: String { lines.withLock { $0.joined() } }

    func notifier(
        _ settings: SinkSettings..., engine: Engine? = nil, metrics: Metrics? = nil,
        timeout: Duration = .seconds(30),
        backoff: Backoff = Backoff(base: .milliseconds(20), limit: .milliseconds(100))
    ) throws(SinkError) -> Notifier {
        let logger = Logger(label: "test") { _ in
            LineLogHandler(format: .json, level: .trace, now: { .wall }) { bytes in
                self.lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
            }
        }
        return try Notifier(
            settings, engine: engine ?? self.engine, instance: "main", version: "1.0.0", metrics: metrics,
            progress: LoopProgress(self.engine.clock), logger: logger,
            pace: .init(
                interval: .milliseconds(20), backoff: backoff, timeout: timeout))
    }
}

private struct UnreachableGit: GitSource {
    private var failure: GitFailure { GitFailure(.unreachable, "no answer") }

    func head() async throws(GitFailure) -> Revision { throw failure }
    func fetch(_ revision: Revision) async throws(GitFailure) { throw failure }
    func lookUp(_ text: String) async throws(GitFailure) -> Revision { throw failure }
    func manifests(at revision: Revision) async throws(GitFailure) -> [ManifestFile] { throw failure }
    func contents(of files: ArraySlice<ManifestFile>, limit: Int) async throws(GitFailure) -> [[UInt8]?] {
        throw failure
    }
    func commit(of revision: Revision) async throws(GitFailure) -> CommitDescription { throw failure }
    func isAncestor(_ old: Revision, of new: Revision) async throws(GitFailure) -> Bool { throw failure }
    func verify(_ revision: Revision, since applied: Revision?) async throws(GitFailure) { throw failure }
    func warnings(at revision: Revision) async throws(GitFailure) -> [Diagnostic] { throw failure }
}

extension Notifier {
    /// Runs the notifier until the body returns.
    func running(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }
}

extension Timestamp {
    static var wall: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

extension Event {
    static func preset(
        _ name: String, _ reason: String, _ message: String = "3 builds in a row failed", source: String = "presets",
        at: Timestamp = .wall
    ) -> Event {
        Event(
            at: at, kind: .warning, storedReason: reason, object: "preset", name: name, source: source, preset: name,
            message: message)
    }

    static func provisioner(_ reason: String, source: String = "presets") -> Event {
        Event(
            at: .wall, kind: .warning, storedReason: reason, object: "provisioner", name: "local", source: source,
            message: "creates wait")
    }

    static func workspace(_ preset: String, _ reason: String, at: Timestamp = .wall) -> Event {
        Event(
            at: at, storedReason: reason, object: "workspace", name: "\(preset)-abcdefgh", source: "presets",
            preset: preset,
            message: "it is so")
    }

    static func revision(_ digit: Character, _ reason: String, _ message: String = "", at: Timestamp = .wall) -> Event {
        Event(
            at: at, storedReason: reason, object: "revision", name: Revision.sample(digit).description,
            source: "presets",
            message: message)
    }

    static func source(_ reason: String, _ message: String = "", at: Timestamp = .wall) -> Event {
        Event(
            at: at, kind: .warning, storedReason: reason, object: "source", name: "presets", source: "presets",
            message: message)
    }
}

extension Revision {
    static func sample(_ digit: Character) -> Revision {
        Revision(ref: "main", commit: String(repeating: digit, count: 40))
    }
}
