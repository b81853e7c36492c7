import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// A running `prewarm serve` of a sandbox.
struct RunningDaemon: Sendable {
    let sandbox: Sandbox
    /// The URL of the daemon, for example `http://127.0.0.1:7430`.
    let url: String
    let send: @Sendable (Signal) throws -> Void
    /// The process ID of the daemon.
    let pid: Int32
    /// The name of its log in the sandbox.
    var logName = "serve.log"

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        func json() throws -> JSON { try JSON(text) }
    }

    /// The local token, which the daemon writes for its own user.
    var localToken: String {
        String(decoding: sandbox.bytes("prewarm.db.token") ?? sandbox.bytes("prewarm.token") ?? Data(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Sends a request with the local token. An empty `Authorization` header sends the request without a token.
    func call(
        _ method: String, _ path: String, body: String? = nil, headers: [String: String] = [:],
        patience: TimeAmount = .seconds(60), client: HTTPClient = .shared
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .RAW(value: method)
        for (name, value) in headers where !value.isEmpty { request.headers.add(name: name, value: value) }
        if headers["Authorization"] == nil {
            request.headers.add(name: "Authorization", value: "Bearer \(localToken)")
        }
        if let body {
            if headers["Content-Type"] == nil { request.headers.add(name: "Content-Type", value: "application/json") }
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: patience)
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await call("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: String = "{}", headers: [String: String] = [:]) async throws -> Answer {
        try await call("POST", path, body: body, headers: headers)
    }

    /// The environment of a command that uses this daemon with the local token and without a configuration.
    var environment: [Environment.Key: String] {
        ["PREWARM_SERVER": url, "PREWARM_CONFIG": "/nowhere", "PREWARM_TOKEN": localToken]
    }

    /// Runs a command against this daemon.
    @discardableResult
    func prewarm(_ arguments: String..., environment: [Environment.Key: String] = [:]) async throws -> Sandbox.Result {
        try await sandbox.prewarm(arguments, environment: self.environment.merging(environment) { $1 })
    }

    var log: String { String(decoding: sandbox.bytes(logName) ?? Data(), as: UTF8.self) }

    /// Waits until a condition is true, for at least two minutes.
    /// - Throws: ``SandboxError`` with the log of the daemon if the condition stays false.
    func eventually(_ what: String, _ isSo: () async throws -> Bool) async throws {
        for _ in 0..<2400 {
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(message: "never: \(what)\n\(log)")
    }

    func isReady(_ preset: String, _ count: Int) async throws -> Bool {
        let answer = try await get("/api/v1/presets?name=\(preset)")
        return try answer.json()[0]?["eligible"]?.int == count
    }
}

extension Sandbox {
    /// Runs the daemon and the body, then ends the daemon with SIGTERM.
    /// - Returns: the termination status of the daemon.
    @discardableResult
    func serve(
        _ arguments: [String] = [], environment: [Environment.Key: String] = [:], logName: String = "serve.log",
        _ body: @escaping @Sendable (RunningDaemon) async throws -> Void
    ) async throws -> TerminationStatus {
        let log = root.appending(path: logName).path
        let descriptor = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        let result = try await Subprocess.run(
            .path(Self.binary), arguments: Arguments(["serve", "--listen", "127.0.0.1:0"] + arguments),
            environment: .inherit.updating(["PREWARM_CONFIG": nil]).updating(environment.mapValues { $0 }),
            workingDirectory: FilePath(root.path), input: .none, output: .discarded,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { [self] execution in
            do {
                let daemon = RunningDaemon(
                    sandbox: self, url: try await urlOfDaemon(logName), send: { try execution.send(signal: $0) },
                    pid: execution.processIdentifier.value, logName: logName)
                try await body(daemon)
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
            try? execution.send(signal: .terminate)
        }
        return result.terminationStatus
    }

    private func urlOfDaemon(_ logName: String) async throws -> String {
        for _ in 0..<2400 {
            let log = String(decoding: bytes(logName) ?? Data(), as: UTF8.self)
            if let start = log.firstRange(of: "url=") {
                return String(log[start.upperBound...].prefix { !$0.isWhitespace })
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(
            message: "the daemon did not come up: \(String(decoding: bytes(logName) ?? Data(), as: UTF8.self))")
    }
}
