import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// `prewarm serve` of a sandbox, for as long as a test needs it.
struct RunningDaemon: Sendable {
    let sandbox: Sandbox
    /// `http://127.0.0.1:PORT`
    let url: String
    let send: @Sendable (Signal) throws -> Void
    /// Its process id.
    let pid: Int32

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let text: String

        func json() throws -> JSON { try JSON(text) }
    }

    /// The token that the daemon made for its own user.
    var localToken: String {
        String(decoding: sandbox.bytes("prewarm.db.token") ?? Data(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Sends a request with the local token; an empty `Authorization` among the headers sends it without any.
    func call(
        _ method: String, _ path: String, body: String? = nil, headers: [String: String] = [:]
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
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(status: Int(response.status.code), headers: response.headers, text: String(buffer: bytes))
    }

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await call("GET", path, headers: headers)
    }

    func post(_ path: String, _ body: String = "{}", headers: [String: String] = [:]) async throws -> Answer {
        try await call("POST", path, body: body, headers: headers)
    }

    /// The environment of a command that asks this daemon with the local token, and knows no configuration.
    var environment: [Environment.Key: String] {
        ["PREWARM_SERVER": url, "PREWARM_CONFIG": "/nowhere", "PREWARM_TOKEN": localToken]
    }

    /// A command that asks this daemon.
    @discardableResult
    func prewarm(_ arguments: String..., environment: [Environment.Key: String] = [:]) async throws -> Sandbox.Result {
        try await sandbox.prewarm(arguments, environment: self.environment.merging(environment) { $1 })
    }

    var log: String { String(decoding: sandbox.bytes("serve.log") ?? Data(), as: UTF8.self) }

    /// Looks again until it is so, for at least two minutes.
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
    /// Runs the daemon, the body, and ends the daemon with SIGTERM unless the body has.
    /// - Returns: how the daemon ended.
    @discardableResult
    func serve(
        _ arguments: [String] = [], environment: [Environment.Key: String] = [:],
        _ body: @escaping @Sendable (RunningDaemon) async throws -> Void
    ) async throws -> TerminationStatus {
        let log = root.appending(path: "serve.log").path
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
                    sandbox: self, url: try await urlOfDaemon(), send: { try execution.send(signal: $0) },
                    pid: execution.processIdentifier.value)
                try await body(daemon)
            } catch {
                try? execution.send(signal: .kill)
                throw error
            }
            try? execution.send(signal: .terminate)
        }
        return result.terminationStatus
    }

    private func urlOfDaemon() async throws -> String {
        for _ in 0..<2400 {
            let log = String(decoding: bytes("serve.log") ?? Data(), as: UTF8.self)
            if let start = log.firstRange(of: "url=") {
                return String(log[start.upperBound...].prefix { !$0.isWhitespace })
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(
            message: "the daemon did not come up: \(String(decoding: bytes("serve.log") ?? Data(), as: UTF8.self))")
    }
}
