import Foundation
import Subprocess
import SystemPackage

/// Runs `Tests/access-peer.py`, the peer of webhooks and of OIDC tokens of CI.
enum AccessPeer {
    /// Returns true if Python has the module, and always in CI, where a missing module is a failure.
    static func has(_ module: String) async throws -> Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let result = try await Subprocess.run(
            .name("python3"), arguments: ["-c", "import \(module)"], output: .discarded, error: .discarded)
        return result.terminationStatus.isSuccess
    }

    /// Runs the peer while `body` runs.
    /// - Parameter body: a closure that gets the port of the peer.
    static func run(
        _ arguments: String..., in sandbox: Sandbox, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "access-peer.py").path()
        let file = sandbox.root.appending(path: "port").path
        _ = try await Subprocess.run(
            .name("python3"), arguments: Arguments([script] + arguments + [file]), input: .none, output: .discarded,
            error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            try await body(try await port(in: sandbox))
        }
    }

    private static func port(in sandbox: Sandbox) async throws -> Int {
        for _ in 0..<600 {
            if let bytes = sandbox.bytes("port"), let port = Int(String(decoding: bytes, as: UTF8.self)) { return port }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw SandboxError(message: "the peer did not start")
    }
}
