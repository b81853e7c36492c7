import AsyncHTTPClient
import Foundation
import Subprocess

/// Runs `Tests/ci-peer.py`: reads the CI files of the examples and plays the forge.
enum CIPeer {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    static let examples = tests.deletingLastPathComponent().appending(path: "examples/ci")

    /// A job of a CI file.
    struct Job {
        let scripts: [String]
        let variables: [String: String]
        let about: JSON
    }

    static func job(_ name: String, of file: String) async throws -> Job {
        let result = try await Subprocess.run(
            .name("python3"),
            arguments: [
                tests.appending(path: "ci-peer.py").path, "steps", examples.appending(path: file).path, name,
            ], output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else { throw SandboxError(message: result.standardError) }
        let json = try JSON(result.standardOutput)
        let variables = json["variables"]
        return Job(
            scripts: json["scripts"]?.list.compactMap(\.string) ?? [],
            variables: Dictionary(
                uniqueKeysWithValues: (variables?.keys ?? []).map { ($0, variables?[$0]?.string ?? "") }),
            about: json["about"] ?? json)
    }

    /// Runs the comment API while `body` runs, which gets its URL.
    static func forge(in sandbox: Sandbox, _ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let file = sandbox.root.appending(path: "forge-port").path
        _ = try await Subprocess.run(
            .name("python3"), arguments: [tests.appending(path: "ci-peer.py").path, "forge", file], input: .none,
            output: .discarded, error: .discarded
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<2400 {
                if let text = try? String(contentsOfFile: file, encoding: .utf8) {
                    return try await body("http://127.0.0.1:\(text)")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw SandboxError(message: "the forge did not start")
        }
    }

    /// Returns the body of an answer.
    static func get(_ url: String, token: String? = nil) async throws -> JSON {
        var request = HTTPClientRequest(url: url)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return try JSON(String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }
}
