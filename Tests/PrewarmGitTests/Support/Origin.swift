import Foundation
import Subprocess

/// A repository that is mirrored. `git` creates and changes it.
struct Origin: Sendable {
    let path: String

    /// Creates a repository without commits.
    init(_ folder: Folder, _ name: String = "origin") async throws {
        path = "\(folder.path)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try await git("init", "-q", "-b", "main")
    }

    @discardableResult
    func git(_ arguments: String..., environment: [Environment.Key: String] = [:]) async throws -> String {
        let output = try await run("git", arguments, in: path, environment: environment)
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Writes files, commits everything and returns the commit.
    @discardableResult
    func commit(
        _ files: [String: String] = ["a.yaml": "a"], message: String = "change",
        environment: [Environment.Key: String] = [:]
    ) async throws -> String {
        for (name, text) in files { try writeFile("\(path)/\(name)", Data(text.utf8)) }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", message, environment: environment)
        return try await git("rev-parse", "HEAD")
    }
}
