import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import Subprocess
import Synchronization

/// A stand-in of a Kubernetes API server with its controllers: `server.py`. It ends with this process.
package final class StandIn: Sendable {
    /// The folder with the kubeconfig file and the certificates.
    package let folder: String
    /// The port of the API.
    package let port: Int
    private let controls: Int
    private let server: Task<Void, any Error>

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The stand-in of tests that use a namespace of their own, and change no setting of the server.
    package static func shared() async throws -> StandIn { try await Sharing.instance.standIn() }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    private actor Sharing {
        static let instance = Sharing()
        private var start: Task<StandIn, any Error>?

        func standIn() async throws -> StandIn {
            let task = start ?? Task { try await StandIn() }
            start = task
            return try await task.value
        }
    }

    /// Starts a stand-in.
    package init() async throws {
        folder = "/tmp/prewarm-kubernetes-\(getpid())-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "server.py")
        let log = "\(folder)/log"
        let (hasEnded, arguments) = (Flag(), [script.path, folder, "\(getpid())", log])
        server = Task {
            defer { hasEnded.set() }
            _ = try await Subprocess.run(
                .name("sh"), arguments: Arguments(["-c", #"exec python3 -B "$0" "$1" "$2" >"$3" 2>&1"#] + arguments),
                input: .none, output: .discarded, error: .discarded)
        }
        let end = ContinuousClock.now + .seconds(600)
        while true {
            let text = try? String(contentsOfFile: "\(folder)/ready", encoding: .utf8)
            let ports = (text ?? "").split(separator: " ").compactMap { Int($0) }
            if ports.count == 2 {
                (port, controls) = (ports[0], ports[1])
                return
            }
            guard !hasEnded.isSet, ContinuousClock.now < end else {
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                throw Failure(description: "server.py did not start: \(text)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    deinit {
        server.cancel()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The path of the kubeconfig file.
    package var kubeconfig: String { "\(folder)/kubeconfig" }

    /// Makes a namespace with a new name, and returns the name.
    package func namespace() async throws -> String {
        let name = "test-\(UUID().uuidString.prefix(8).lowercased())"
        try await control("namespaces", #"{"name": "\#(name)"}"#)
        return name
    }

    /// Makes the calls that match a regular expression fail. See `server.py`.
    package func fault(_ json: String) async throws { try await control("faults", json) }

    /// Changes settings of the whole server.
    package func set(_ json: String) async throws { try await control("settings", json) }

    /// Forgets the history, so that watches have to begin anew.
    package func compact() async throws { try await control("compact", "{}") }

    /// Returns the calls so far that contain a text, for example `PATCH /api/v1/namespaces/a/pods/x?force=true`.
    package func requests(_ part: String) async throws -> [String] {
        let text = try await control("requests", nil)
        let all = try JSONDecoder().decode([String].self, from: Data(text.utf8))
        return all.filter { $0.contains(part) }
    }

    /// Returns the objects of a resource in a namespace as a JSON list, for example of `pods` or `deployments.apps`.
    package func objects(_ resource: String, in namespace: String) async throws -> [UInt8] {
        Array(try await control("objects/\(namespace)/\(resource)", nil).utf8)
    }

    @discardableResult
    private func control(_ path: String, _ body: String?) async throws -> String {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(controls)/\(path)")
        if let body {
            request.method = .POST
            request.body = .bytes(Array(body.utf8))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        return String(buffer: try await response.body.collect(upTo: 16 << 20))
    }

    // MARK: kubectl

    /// The end of `kubectl`.
    package struct Result: Sendable {
        package let code: Int32
        package let out: String
        package let err: String
    }

    /// True if kubectl is installed. In CI, it is always true, so that a missing program is a failure.
    package static let hasKubectl: Bool = {
        let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
        return ProcessInfo.processInfo.environment["CI"] != nil
            || folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/kubectl") }
    }()

    /// Runs kubectl with the kubeconfig file of the stand-in.
    package func kubectl(_ arguments: String..., input: String = "") async throws -> Result {
        try await kubectl(arguments, input: input)
    }

    /// Runs kubectl with a list of arguments.
    package func kubectl(_ arguments: [String], input: String = "") async throws -> Result {
        // swift-subprocess stops the tests if a program ends before it has read its input, so a shell opens a file.
        let file = "\(folder)/input-\(UUID().uuidString)"
        try input.write(toFile: file, atomically: false, encoding: .utf8)
        let command = ["-c", #"exec timeout 240 kubectl "$@" <"$0""#, file, "--kubeconfig", kubeconfig]
        let result = try await Subprocess.run(
            .name("sh"), arguments: Arguments(command + arguments),
            // kubectl keeps a cache of the API in its home.
            environment: .inherit.updating(["HOME": folder]), input: .none,
            output: .string(limit: 4 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else {
            throw Failure(description: "kubectl \(arguments): \(result.terminationStatus)")
        }
        return Result(code: code, out: result.standardOutput, err: result.standardError)
    }
}
