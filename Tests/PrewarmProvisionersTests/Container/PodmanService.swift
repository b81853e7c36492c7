import Foundation
import Glibc

@testable import PrewarmProvisioners

/// A Podman with images, containers and a registry of its own. It ends with this process.
actor PodmanService {
    static let shared = PodmanService()

    /// True if Podman is installed. In CI, it is always true, so that a missing program is a failure.
    static let isWanted: Bool = {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        let programs = ["/usr/bin/podman", "/usr/sbin/runc", "/bin/busybox", "/usr/bin/docker-registry"]
        return geteuid() == 0 && programs.allSatisfy(FileManager.default.isExecutableFile)
    }()

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The image with the programs of busybox.
    static let image = "localhost/prewarm-test:1"

    private let folder = "/tmp/prewarm-podman-\(getpid())"
    private var start: Task<Void, any Error>?

    /// Returns the path of the socket. The first call starts the service.
    func socket() async throws -> String {
        let task = start ?? Task { try await launch() }
        start = task
        try await task.value
        return "\(folder)/podman.sock"
    }

    private func launch() async throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "podman-service.sh")
        let process = Process()
        process.executableURL = script
        process.arguments = [folder, "\(getpid())"]
        process.standardOutput = FileHandle.nullDevice
        let log = FileManager.default.temporaryDirectory.appending(path: "prewarm-podman-\(getpid()).log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        try await eventually {
            guard process.isRunning else {
                let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw Failure(description: "podman-service.sh ended: \(text)")
            }
            return FileManager.default.fileExists(atPath: "\(folder)/ready")
        }
        try? FileManager.default.removeItem(at: log)
    }

    /// The address of the registry.
    func registry() async throws -> String {
        _ = try await socket()
        return try String(contentsOfFile: "\(folder)/registry", encoding: .utf8).trimmingCharacters(in: .newlines)
    }

    /// Runs Podman's command line and returns its output.
    @discardableResult
    func podman(_ arguments: String...) async throws -> String {
        _ = try await socket()
        return try await Self.run("\(folder)/podman", arguments)
    }

    private static func run(_ path: String, _ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // The output is read on a thread of its own, because it may be larger than a pipe.
            Thread.detachNewThread {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: path)
                process.arguments = arguments
                let pipe = Foundation.Pipe()
                process.standardOutput = pipe
                process.standardError = pipe
                do {
                    try process.run()
                    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
                    process.waitUntilExit()
                    let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                    if process.terminationStatus == 0 {
                        continuation.resume(returning: text)
                    } else {
                        continuation.resume(throwing: Failure(description: "podman \(arguments): \(text)"))
                    }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }
}
