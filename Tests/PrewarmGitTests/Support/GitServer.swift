import Foundation
import Subprocess
import SystemPackage

/// A running `http-backend.py`, whose comment describes its URLs.
struct GitServer: Sendable {
    let folder: Folder
    let port: Int
    private let state: String

    func url(_ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
        "\(scheme)://\(host):\(port)/\(path)"
    }

    /// The method, path and authorization of each request so far.
    var requests: [String] { folder.read("\(state)/requests").split(separator: "\n").map(String.init) }

    /// The log of sshd.
    var log: String { folder.read("\(state)/log") }

    /// Serves the repositories in the folder while `body` runs.
    static func serving<Value: Sendable>(
        _ folder: Folder, _ options: [String] = [], _ body: (GitServer) async throws -> Value
    ) async throws -> Value {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "http-backend.py").path
        let state = "server-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: "\(folder.path)/\(state)", withIntermediateDirectories: true)
        let arguments = [script, "\(folder.path)/\(state)", folder.path] + options
        return try await Subprocess.run(
            .name("python3"), arguments: Arguments(arguments), environment: .inherit.updating(gitEnvironment),
            input: .none, output: .discarded, error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<1000 {
                if let port = Int(folder.read("\(state)/port")) {
                    return try await body(GitServer(folder: folder, port: port, state: state))
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            throw ProgramFailure(message: "http-backend.py did not start")
        }.closureResult
    }
}
