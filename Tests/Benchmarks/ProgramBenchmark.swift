import Foundation
import PrewarmCore

/// Whole programs, from start to end: prewarm, git, and the script that a team would write for itself.
///
/// `prewarm` is the one that was built beside the benchmarks.
enum ProgramBenchmark {
    static let prewarm = Bundle.main.bundleURL.appending(path: "prewarm").path
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "script.py").path

    static func rows() async throws -> [Row] {
        try checkProgram()
        var rows: [Row] = []
        for presets in Benchmarks.sizes { rows += try await self.rows(presets: presets) }
        return rows
    }

    static func checkProgram() throws {
        guard FileManager.default.isExecutableFile(atPath: prewarm) else {
            throw BenchmarkFailure(message: "there is no \(prewarm): build it in the same configuration")
        }
    }

    private static func rows(presets: Int) async throws -> [Row] {
        let world = try await World(presets: presets, commits: 25, now: .now)
        try await world.fillPools(world.engine())
        let configuration = try world.configure()
        let url = world.repository.url
        func prewarm(_ arguments: [String]) throws -> Usage {
            let options = arguments == ["--help"] ? [] : ["--config", configuration]
            let usage = try measure([Self.prewarm] + arguments + options)
            guard usage.exitCode == 0 else { throw BenchmarkFailure(message: "\(arguments): \(usage.exitCode)") }
            return usage
        }
        let mirror = "\(world.folder.path)/script.git"
        func runScript() throws -> Usage {
            try measure(["python3", script, url, mirror, "\(world.folder.path)/script.db"])
        }
        func size(_ arguments: [String]) throws -> Int {
            try memory(of: [Self.prewarm] + arguments + ["--config", configuration])
        }
        func listing() throws -> Usage { try measure(["git", "ls-remote", url]) }
        // Both have seen the repository.
        _ = try (prewarm(["sync"]), runScript())
        let folder = "\(world.folder.path)/work"
        try run(["git", "clone", "--quiet", url, folder])
        let file = "\(folder)/teams/team-0/area-0/preset-0.yaml"
        var number = 0
        func commit() throws {
            number += 1
            try world.repository.point(atCommit: number)
        }
        return [
            try compare(
                "prewarm sync, nothing new, \(presets) presets / git ls-remote", limit: 2.5,
                ours: { try prewarm(["sync"]) }, theirs: listing),
            try compare(
                "prewarm sync, nothing new, \(presets) presets / the script", ours: { try prewarm(["sync"]) },
                theirs: runScript),
            try compare(
                "prewarm sync, one changed, \(presets) presets / the script", pairs: 9, prepare: commit,
                ours: { try prewarm(["sync"]) }, theirs: runScript),
            try compare("prewarm --help / git ls-remote", ours: { try prewarm(["--help"]) }, theirs: listing),
            try compare(
                "prewarm validate FILE / git ls-remote", ours: { try prewarm(["validate", file]) }, theirs: listing),
            try compare(
                "prewarm status, \(presets) presets / git ls-remote", pairs: 7, memory: size(["status"]),
                ours: { try prewarm(["status"]) },
                theirs: listing),
            try compare(
                "prewarm validate, \(presets) presets / git ls-remote", pairs: 5,
                memory: size(["validate", folder]), ours: { try prewarm(["validate", folder]) }, theirs: listing),
            try compare(
                "prewarm plan, \(presets) presets / git ls-remote", pairs: 5, memory: size(["plan"]),
                ours: { try prewarm(["plan"]) },
                theirs: listing),
        ]
    }

    private static func compare(
        _ name: String, pairs: Int = 15, limit: Double? = nil, memory: Int? = nil, prepare: () throws -> Void = {},
        ours: () throws -> Usage, theirs: () throws -> Usage
    ) throws -> Row {
        var usages: [(ours: Usage, theirs: Usage)] = []
        for index in 0...pairs {
            try prepare()
            let pair = (ours: try ours(), theirs: try theirs())
            if index > 0 { usages.append(pair) }
        }
        return Row(
            name: name, times: usages.map { ($0.ours.cpu, $0.theirs.cpu) }, limit: limit,
            memory: memory)
    }
}

extension World {
    /// Writes a configuration of the source and the store.
    /// - Parameter concurrency: of the provisioner.
    /// - Parameter handsOver: True if the provisioner hands workspaces over.
    /// - Returns: its path.
    func configure(concurrency: Int = 4, handsOver: Bool = false) throws -> String {
        let path = "\(folder.path)/prewarm.yaml"
        let text = """
            apiVersion: prewarm/v1
            kind: Config
            store: sqlite:\(storePath)
            sources:
              - {name: presets, url: "\(repository.url)", ref: {branch: main}}
            provisioners:
              - name: local
                default: true
                command: [/bin/true]
                operations: [create, delete\(handsOver ? ", claim" : "")]
                concurrency: \(concurrency)
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }
}
