import Foundation
import PrewarmEngine
import Subprocess
import SystemPackage

@testable import PrewarmGit

/// A temporary directory, which is removed when the object is released.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "prewarm-git-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, permissions: Int = 0o644) throws {
        try writeFile("\(path)/\(name)", Data(text.utf8))
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: "\(path)/\(name)")
    }

    func read(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
    }

    /// Returns the relative paths of all files and folders below a folder.
    func names(below name: String) -> [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: "\(path)/\(name)")) ?? []
    }

    /// Creates a mirror in `mirror`, which allows files and has a timeout of 30 s.
    func mirror(_ url: String, _ change: (inout GitSettings) throws -> Void = { _ in }) throws -> GitMirror {
        var settings = GitSettings(
            name: "presets", url: url, limits: GitLimits(timeout: .seconds(30), idleTimeout: .seconds(20)),
            allowFile: true, mirror: "\(path)/mirror")
        try change(&settings)
        return try GitMirror(settings)
    }
}

func writeFile(_ path: String, _ data: Data) throws {
    let file = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
}

struct ProgramFailure: Error {
    let message: String
}

/// Runs a program without the user's git configuration, and returns its standard output.
@discardableResult
func run(
    _ program: String, _ arguments: [String], in folder: String, environment: [Environment.Key: String] = [:]
) async throws -> String {
    let result = try await Subprocess.run(
        .name(program), arguments: Arguments(arguments),
        environment: .inherit.updating(gitEnvironment).updating(environment.mapValues { $0 }),
        workingDirectory: FilePath(folder), output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else {
        throw ProgramFailure(message: "\(program) \(arguments): \(result.standardError)")
    }
    return result.standardOutput
}

let gitEnvironment: [Environment.Key: String?] = [
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "GIT_DIR": nil,
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
]
