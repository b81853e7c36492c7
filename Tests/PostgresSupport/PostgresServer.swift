import Foundation
import Glibc
import Subprocess
import SystemPackage

/// A PostgreSQL server for tests, with a cluster of its own. It ends with this process.
package actor PostgresServer {
    /// The server of all tests that do not stop it.
    package static let shared = PostgresServer("shared")

    /// True if PostgreSQL and PgBouncer are installed. In CI, it is always true, so that a missing program is a failure.
    package static let isWanted: Bool = {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        return !versions.isEmpty && FileManager.default.isExecutableFile(atPath: "/usr/sbin/pgbouncer")
    }()

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let folder: String
    private var start: Task<Void, any Error>?
    private var schemas = 0

    /// - Parameter name: A name that no other server of this process has.
    package init(_ name: String) {
        folder = "/tmp/prewarm-pg-\(getpid())-\(name)"
    }

    /// Returns the URL of a new empty schema. The first call starts the server.
    package func store() async throws -> String {
        let task = start ?? Task { try await launch() }
        start = task
        try await task.value
        schemas += 1
        let schema = "store_\(schemas)"
        try await psql("CREATE SCHEMA \(schema)", database: "prewarm")
        let host = folder.replacingOccurrences(of: "/", with: "%2F")
        return "postgres://prewarm@\(host)/prewarm?options=-csearch_path%3D\(schema)"
    }

    /// The folder with the certificates, and the address of the server for TLS. The server has to run.
    package var tls: (folder: String, host: String) {
        get throws {
            let host = try String(contentsOfFile: "\(folder)/host", encoding: .utf8)
            return (folder, host.trimmingCharacters(in: .newlines))
        }
    }

    /// Returns the URL of a new database behind PgBouncer in transaction mode, with two connections to the server.
    package func pooledStore() async throws -> String {
        _ = try await store()
        schemas += 1
        let name = "pooled_\(schemas)"
        try await psql("CREATE DATABASE \(name)", database: "postgres")
        return "postgres://prewarm@\(folder.replacingOccurrences(of: "/", with: "%2F")):6432/\(name)"
    }

    /// Runs statements and returns their output.
    @discardableResult
    package func psql(_ statements: String, database: String = "prewarm") async throws -> String {
        try await Self.run("\(folder)/psql", ["--dbname=\(database)", "--command=\(statements)"])
    }

    /// Runs `pg_ctl`, for example `restart --mode=immediate`.
    package func control(_ arguments: String...) async throws {
        try await Self.run("\(folder)/control", arguments)
    }

    private func launch() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "postgres-server.sh")
        let process = Process()
        process.executableURL = script
        process.arguments = [folder, "\(getpid())"]
        process.standardOutput = FileHandle.nullDevice
        let log = FileManager.default.temporaryDirectory.appending(
            path: "\(URL(filePath: folder).lastPathComponent).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        let end = ContinuousClock.now + .seconds(600)
        while !FileManager.default.fileExists(atPath: "\(folder)/ready") {
            guard process.isRunning, ContinuousClock.now < end else {
                let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw Failure(description: "postgres-server.sh did not start PostgreSQL: \(text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        try? FileManager.default.removeItem(at: log)
    }

    @discardableResult
    private static func run(_ path: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw Failure(description: "\(path) \(arguments): \(result.standardError)")
        }
        return result.standardOutput.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
