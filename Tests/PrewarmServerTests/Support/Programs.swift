import Foundation
import Subprocess
import SystemPackage
import Testing

/// External programs with which tests compare results.
enum Programs {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let root = tests.deletingLastPathComponent()

    /// Returns true if the program works. In CI it is always true, so that a missing program is a failure and no skip.
    static func isWanted(_ program: String, _ arguments: [String]) async -> Bool {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        return (try? await run(program, arguments))?.status == 0
    }

    static func run(
        _ program: String, _ arguments: [String], input: String = "", in folder: URL = root
    ) async throws -> (status: Int32, output: String) {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), workingDirectory: FilePath(folder.path),
            input: .string(input), output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        let status: Int32 = if case .exited(let code) = result.terminationStatus { code } else { -1 }
        return (status, result.standardOutput + result.standardError)
    }

    /// Returns the verdicts of `standardwebhooks` on requests: `good`, or `bad:` and the reason.
    static func verify(_ requests: [Receiver.Request], secret: String) async throws -> [String] {
        let lines = try requests.map { request in
            let value: [String: Any] = ["headers": request.headers, "body": request.body]
            return String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self) + "\n"
        }
        let script = tests.appending(path: "webhook-peer.py").path
        let result = try await run("python3", [script, "verify", secret], input: lines.joined())
        #expect(result.status == 0, "\(result.output)")
        return result.output.split(separator: "\n").map(String.init)
    }
}
