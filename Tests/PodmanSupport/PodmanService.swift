import Foundation
import Glibc
import Subprocess

/// A Podman with images, containers and a registry of its own. It ends with this process.
package actor PodmanService {
    package static let shared = PodmanService()

    /// True if Podman is installed. In CI, it is always true, so that a missing program is a failure.
    package static let isWanted: Bool = {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let programs = ["/usr/bin/podman", "/usr/sbin/runc", "/bin/busybox", "/usr/bin/docker-registry"]
        return geteuid() == 0 && programs.allSatisfy(FileManager.default.isExecutableFile)
    }()

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The image with the programs of busybox.
    package static let image = "localhost/prewarm-test:1"

    private let folder = "/tmp/prewarm-podman-\(getpid())"
    private var start: Task<Void, any Error>?

    /// Returns the path of the socket. The first call starts the service.
    package func socket() async throws -> String {
        let task = start ?? Task { try await launch() }
        start = task
        try await task.value
        return "\(folder)/podman.sock"
    }

    private func launch() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "podman-service.sh")
        let process = Process()
        process.executableURL = script
        process.arguments = [folder, "\(getpid())"]
        process.standardOutput = FileHandle.nullDevice
        let log = FileManager.default.temporaryDirectory.appending(path: "prewarm-podman-\(getpid()).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        let end = ContinuousClock.now + .seconds(600)
        while !FileManager.default.fileExists(atPath: "\(folder)/ready") {
            guard process.isRunning, ContinuousClock.now < end else {
                let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw Failure(description: "podman-service.sh did not start Podman: \(text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        try? FileManager.default.removeItem(at: log)
    }

    /// The address of the registry.
    package func registry() async throws -> String {
        _ = try await socket()
        return try String(contentsOfFile: "\(folder)/registry", encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    /// Returns true if a volume exists. The list of all volumes fails if one is removed meanwhile.
    package func hasVolume(_ name: String) async throws -> Bool {
        _ = try await socket()
        return (try? await Self.run("\(folder)/podman", ["volume", "exists", name])) != nil
    }

    /// Runs Podman's command line and returns its output.
    @discardableResult
    package func podman(_ arguments: String...) async throws -> String {
        _ = try await socket()
        return try await Self.run("\(folder)/podman", arguments)
    }

    /// Returns the standard output. Warnings of the engine on standard error say nothing about the command.
    ///
    /// The output goes to a file, because the monitor of a container keeps a pipe open.
    private static func run(_ path: String, _ arguments: [String]) async throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "prewarm-podman-\(UUID().uuidString)").path
        let errors = output + ".errors"
        defer { for path in [output, errors] { try? FileManager.default.removeItem(atPath: path) } }
        let result = try await Subprocess.run(
            .name("sh"),
            arguments: Arguments(
                ["-c", #"output=$1; shift; "$0" "$@" >"$output" 2>"$output.errors""#, path, output] + arguments),
            output: .discarded, error: .discarded)
        let text = try String(contentsOfFile: output, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard result.terminationStatus.isSuccess else {
            let cause = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            throw Failure(description: "podman \(arguments): \(text)\(cause)")
        }
        return text
    }
}
