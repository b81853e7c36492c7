import Foundation
import Subprocess
import SystemPackage

/// Runs `Tests/PrewarmGitTests/http-backend.py` on the repositories of a sandbox. The script documents its URLs.
enum GitBackend {
    /// Serves while `body` runs, which gets the port.
    static func serving<Value: Sendable>(
        _ sandbox: Sandbox, _ options: [String] = [], _ body: (Int) async throws -> Value
    ) async throws -> Value {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "PrewarmGitTests/http-backend.py").path
        let state = sandbox.root.appending(path: "server-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        return try await Subprocess.run(
            .name("python3"), arguments: Arguments([script, state.path, sandbox.root.path] + options), input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<1000 {
                if let text = try? String(contentsOf: state.appending(path: "port"), encoding: .utf8),
                    let port = Int(text)
                {
                    return try await body(port)
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            throw SandboxError(message: "http-backend.py did not start")
        }.closureResult
    }
}
