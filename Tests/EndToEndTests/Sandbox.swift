import Foundation
import Subprocess
import SystemPackage

/// A folder with a git repository of manifests, a configuration and a provisioner, in which tests run the built binary.
final class Sandbox: Sendable {
    let root: URL

    struct Result: Sendable {
        let code: Int32
        let out: String
        let err: String

        /// Returns the standard output as JSON.
        func json() throws -> JSON { try JSON(out) }

        /// The last line of standard error.
        var lastLine: String { err.split(separator: "\n").last.map(String.init) ?? "" }
    }

    init(configuration: String = Sandbox.configuration) async throws {
        root = FileManager.default.temporaryDirectory.appending(path: "prewarm-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: root.appending(path: "repo"), withIntermediateDirectories: true)
        try write("prewarm.yaml", configuration.replacing("ROOT", with: root.path))
        try write("provision", Self.provisioner, isExecutable: true)
        try await git("init", "-q", "-b", "main")
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    static let configuration = """
        apiVersion: prewarm/v1
        kind: Config
        store: sqlite:prewarm.db
        sources:
          - name: presets
            url: file://ROOT/repo
            ref: {branch: main}
            path: presets
        provisioners:
          - name: local
            default: true
            command: [./provision]
            operations: [create, delete]
            timeout: 20s
            concurrency: 4

        """

    /// A provisioner that creates each instance as a folder and adds a line to the ledger for each call.
    static let provisioner = #"""
        #!/bin/sh
        set -eu
        cat > /dev/null
        cd "$(dirname "$0")"
        mkdir -p instances
        echo "$1 $PREWARM_WORKSPACE_ID" >> ledger
        echo "$1 of $PREWARM_WORKSPACE_NAME" >&2
        case $1 in
        create)
            sleep "${PREWARM_PARAM_SECONDS:-0}"
            [ "${PREWARM_PARAM_FAIL:-no}" = no ] || { echo "no space left" >&2; exit 3; }
            mkdir -p "instances/$PREWARM_WORKSPACE_ID"
            echo "{\"state\": \"ready\", \"endpoint\": \"dir:$PREWARM_WORKSPACE_ID\", \"metadata\": {\"version\": \"$PREWARM_VERSION\"}}"
            ;;
        delete) rm -rf "instances/$PREWARM_WORKSPACE_ID" ;;
        esac
        """#

    static func preset(_ name: String, instances: Int, version: String = "1.0", _ more: String = "") -> String {
        """
        apiVersion: prewarm/v1
        kind: Preset
        metadata: {name: \(name)}
        spec:
          template: go
          version: "\(version)"
          instances: \(instances)
        \(more)
        """
    }

    // MARK: Files

    func write(_ path: String, _ text: String, isExecutable: Bool = false) throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        if isExecutable {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
    }

    func bytes(_ path: String) -> Data? { try? Data(contentsOf: root.appending(path: path)) }

    var instances: Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "instances").path)) ?? [])
    }

    var ledger: [String] {
        String(decoding: bytes("ledger") ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    // MARK: Git

    /// Writes files below `presets/` and commits them. A file with nil as its text is removed.
    func commit(_ files: [String: String?]) async throws {
        for (path, text) in files {
            if let text {
                try write("repo/presets/\(path)", text)
            } else {
                try FileManager.default.removeItem(at: root.appending(path: "repo/presets/\(path)"))
            }
        }
        try await git("add", "-A")
        try await git("commit", "-q", "--allow-empty", "-m", "change")
    }

    @discardableResult
    func git(_ arguments: String...) async throws -> String {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        let result = try await Subprocess.run(
            .name("git"), arguments: Arguments(identity + arguments),
            environment: .inherit.updating(["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"]),
            workingDirectory: FilePath(root.appending(path: "repo").path), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw SandboxError(message: "git \(arguments): \(result.standardError)")
        }
        return result.standardOutput
    }

    // MARK: prewarm

    @discardableResult
    func prewarm(_ arguments: String..., environment: [Environment.Key: String] = [:]) async throws -> Result {
        try await prewarm(arguments, environment: environment)
    }

    func prewarm(_ arguments: [String], environment: [Environment.Key: String] = [:]) async throws -> Result {
        let result = try await Subprocess.run(
            .path(Self.binary), arguments: Arguments(arguments),
            environment: .inherit.updating([
                "PREWARM_CONFIG": nil, "PREWARM_CONTEXT": nil, "XDG_CONFIG_HOME": root.appending(path: "xdg").path,
                "NO_COLOR": "1",
            ]).updating(environment.mapValues { $0 }),
            workingDirectory: FilePath(root.path), output: .string(limit: 64 << 20), error: .string(limit: 64 << 20))
        let code: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Result(code: code, out: result.standardOutput, err: result.standardError)
    }

    /// Starts prewarm and kills it with SIGKILL after a delay. Returns false if prewarm ended before. Another process keeps
    /// the time, because timers of this process are late while many tests run.
    func kill(after delay: Duration, _ arguments: String...) async throws -> Bool {
        let seconds = "\(delay / .seconds(1))"
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(["--signal=KILL", seconds, Self.binary.string] + arguments),
            workingDirectory: FilePath(root.path), input: .none, output: .discarded, error: .discarded)
        return [.exited(137), .signaled(SIGKILL)].contains(result.terminationStatus)
    }

    /// Starts syncs and kills them after random delays, until a number of them was killed or `tries` were started. If a kill
    /// comes too late, the next one comes earlier.
    /// - Parameter milliseconds: The shortest delay, and the longest one of the first try.
    /// - Returns: The number of syncs that were killed.
    func killSyncs(_ number: Int, after milliseconds: ClosedRange<Int>, tries: Int) async throws -> Int {
        var (kills, latest) = (0, milliseconds.upperBound)
        for _ in 1...tries where kills < number {
            let delay = Int.random(in: milliseconds.lowerBound...latest)
            if try await kill(after: .milliseconds(delay), "sync", "--wait") {
                kills += 1
            } else {
                latest = latest / 2 + milliseconds.lowerBound
            }
        }
        return kills
    }

    /// The path of the binary, which is beside the test bundle.
    static var binary: FilePath {
        let directory = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        return FilePath(directory.appending(path: "prewarm").path)
    }
}

struct SandboxError: Error {
    let message: String
}

/// A part of a JSON document.
struct JSON {
    let value: Any

    init(_ text: String) throws {
        value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    private init(value: Any) { self.value = value }

    subscript(_ key: String) -> JSON? { (value as? [String: Any])?[key].map { JSON(value: $0) } }
    subscript(_ index: Int) -> JSON? {
        guard let list = value as? [Any], list.indices.contains(index) else { return nil }
        return JSON(value: list[index])
    }
    var list: [JSON] { (value as? [Any])?.map { JSON(value: $0) } ?? [] }
    var string: String? { value as? String }
    var int: Int? { value as? Int }
    var keys: Set<String> { Set((value as? [String: Any])?.keys.map { $0 } ?? []) }
}
