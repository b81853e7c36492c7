import ArgumentParser
import Glibc
import PrewarmCore
import PrewarmEngine
import PrewarmManifests

/// The completion of names in a shell: the names that `prewarm get` lists with the options on the command line.
struct NameCompletion {
    /// The words of the command line behind the name of the program.
    private let words: [String]
    /// The time limit in seconds. A user who presses the tab key does not wait longer for a daemon or a store.
    private static let limitSeconds: UInt32 = 2

    init(words: [String]) {
        self.words = Self.joined(Array(words.dropFirst()))
    }

    /// Makes this process quiet and ends it at the time limit, so that a completion neither fails nor hangs in a shell.
    static func limitProcess() {
        let null = open("/dev/null", O_WRONLY)
        if null >= 0 {
            dup2(null, STDERR_FILENO)
            close(null)
        }
        signal(SIGALRM) { _ in _exit(0) }
        alarm(limitSeconds)
    }

    /// Returns the names of the objects of a kind; none if they cannot be read.
    /// - Parameter state: the state of the workspaces to list; nil for all.
    func names(of kind: GetCommand.Kind, state: WorkspaceState? = nil) async -> [String] {
        defer { CommandStore.close() }
        do {
            guard let global = try? GlobalOptions.parse(globalWords), try Self.exists(global) else { return [] }
            let filter = state.map { ["--state", $0.rawValue] } ?? []
            let command = try await GetCommand.asyncParse([kind.rawValue] + filter + globalWords)
            return try await command.names()
        } catch {
            return []
        }
    }

    /// Returns the names of the objects of the kind that an earlier word names, as in `get presets`.
    func namesOfKind() async -> [String] {
        guard let kind = words.dropFirst().lazy.compactMap(GetCommand.Kind.init(argument:)).first else { return [] }
        return await names(of: kind)
    }

    /// Returns true if there is something to ask. A completion does not create a store.
    private static func exists(_ global: GlobalOptions) throws -> Bool {
        if try ServerChoice(global) != nil { return true }
        let file = try ConfigurationFile(global)
        guard case .success(let configuration) = try file.parse() else { return false }
        // A database may be slow to reach, and a completion must not wait for it.
        guard case .file(let path) = try Assembly(file, configuration).storeChoice() else { return false }
        return access(path, R_OK) == 0
    }

    /// The options on the command line that choose the store or the daemon.
    private var globalWords: [String] {
        var found: [String] = []
        for (index, word) in words.enumerated() {
            for option in ["--config", "--server", "--context", "--token", "--oidc"] {
                if word.hasPrefix(option + "=") { found.append(word) }
                if word == option, words.indices.contains(index + 1) { found += [word, words[index + 1]] }
            }
        }
        return found
    }

    /// Returns the words with `=` and `:` joined to their neighbors, because bash splits a URL into several words.
    private static func joined(_ words: [String]) -> [String] {
        var result: [String] = []
        var joinsNext = false
        for word in words {
            let isMark = word == "=" || word == ":"
            if isMark || joinsNext, let last = result.popLast() {
                result.append(last + word)
            } else {
                result.append(word)
            }
            joinsNext = isMark
        }
        return result
    }
}

extension CompletionKind {
    /// The names of presets.
    static let presets = names(of: .presets)
    static let workspaces = names(of: .workspaces)
    static let claimedWorkspaces = names(of: .workspaces, state: .claimed)
    static let operations = names(of: .operations)
    static let sources = names(of: .sources)
    static let orphans = names(of: .orphans)
    /// The names of the user's contexts.
    static let contexts = CompletionKind.custom { _, _, _ in
        ((try? ContextFile.contexts().all.map(\.name)) ?? []) + [UserContexts.local]
    }
    /// The names of workspaces and IDs of operations.
    static let logs = CompletionKind.custom { words, _, _ in
        let completion = NameCompletion(words: words)
        return await completion.names(of: .workspaces) + completion.names(of: .operations)
    }
    /// The names of presets and IDs of operations.
    static let retried = CompletionKind.custom { words, _, _ in
        let completion = NameCompletion(words: words)
        return await completion.names(of: .presets) + completion.names(of: .operations)
    }
    /// The names of the objects of the kind in the word before.
    static let objects = CompletionKind.custom { words, _, _ in await NameCompletion(words: words).namesOfKind() }

    private static func names(of kind: GetCommand.Kind, state: WorkspaceState? = nil) -> CompletionKind {
        .custom { words, _, _ in await NameCompletion(words: words).names(of: kind, state: state) }
    }
}
