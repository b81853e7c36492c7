import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

struct ContextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context",
        abstract: "List, choose, show and delete the daemons that you are logged in to.",
        discussion: """
            A context is a daemon with a token, which `prewarm login` stores. The context `local` is the configuration \
            and the store of this machine. These decide which context a command uses, the first one that is given: \
            --server or --context, PREWARM_SERVER, PREWARM_CONTEXT, and the current context. With --config or \
            PREWARM_CONFIG, the current context does not count.

            Examples:
              prewarm context list
              prewarm context use prewarm.example.org
            """,
        subcommands: [List.self, Use.self, Show.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the contexts.",
            discussion: """
                Examples:
                  prewarm context list
                  prewarm context list --output json
                """)

        @OptionGroup var log: LogOptions

        @Option(name: .shortAndLong, help: "The output format.")
        var output = OutputFormat.table

        func run() async throws {
            try await finish(log) { console in
                let contexts = try ContextFile.contexts()
                let documents =
                    contexts.all.map { $0.document(in: contexts) } + [UserContexts.localDocument(in: contexts)]
                switch output {
                case .json: console.write(TerminalText(document: documents.json))
                case .yaml: console.write(TerminalText(document: documents.yaml))
                case .name: console.write(documents.compactMap(\.name).map { "\($0)\n" }.joined())
                case .table, .wide:
                    console.write(
                        DocumentTable<ContextDocument>.contexts.text(documents, console, isWide: output == .wide))
                }
            }
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "use", abstract: "Choose the context that commands use.",
            discussion: """
                Examples:
                  prewarm context use production
                  prewarm context use local
                """)

        @OptionGroup var log: LogOptions

        @Argument(help: "The name of the context; local for this machine.", completion: .contexts)
        var name: String

        func run() async throws {
            try await finish(log) { console in
                let server = try ContextFile().change { contexts in
                    let context = name == UserContexts.local ? nil : try contexts.named(name)
                    contexts.current = context?.name
                    return context?.server
                }
                console.step(.success, "commands use \(server ?? "this machine") from now on")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the context that a command would use, or another one.",
            discussion: """
                With --check, the command asks the daemon who you are.

                Examples:
                  prewarm context show
                  prewarm context show production --check
                """)

        @OptionGroup var log: LogOptions

        @Argument(help: "The name of a context (default: the one that a command uses).", completion: .contexts)
        var name: String?

        @Flag(help: "Ask the daemon for your name, your role and the presets that you may see.")
        var check = false

        @Option(name: .shortAndLong, help: "The output format.")
        var output = DataFormat.text

        func run() async throws {
            try await finish(log) { console in
                var options = try GlobalOptions.parse([])
                options.context = name
                let choice = try ServerChoice(options)
                let contexts = try ContextFile.contexts()
                var document = choice?.document(in: contexts) ?? UserContexts.localDocument(in: contexts)
                if check {
                    guard let choice, let client = try RemoteClient(options) else {
                        throw CommandFailure(
                            "cannot check the context \(UserContexts.local): it is no daemon",
                            hint: "name a context: `prewarm context show NAME --check`", code: .usage)
                    }
                    let caller: CallerDocument = try await client.send(APIRequest(.get, ["caller"])).decoded()
                    document = choice.document(in: contexts)
                    document.caller = caller
                }
                switch output {
                case .json: console.write(TerminalText(document: document.json))
                case .yaml: console.write(TerminalText(document: document.yaml))
                case .text: console.write(Self.text(document, console))
                }
            }
        }

        private static func text(_ document: ContextDocument, _ console: Console) -> TerminalText {
            var table = Table(["", ""], flexible: "")
            let rows = [
                ("name", document.name), ("current", document.current.map { $0 ? "yes" : "no" }),
                ("server", document.server), ("token", document.token), ("caFile", document.caFile),
                ("origin", document.origin), ("you", document.caller?.callerText.text),
            ]
            for case (let key, let value?) in rows { table.add([.init(key, .dim), .init(value)]) }
            return table.rowsText(color: console.colorsOutput)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete contexts with their tokens.",
            discussion: """
                Examples:
                  prewarm context delete staging
                """)

        @OptionGroup var log: LogOptions

        @Argument(help: "The names of the contexts.", completion: .contexts)
        var names: [String]

        func run() async throws {
            try await finish(log) { console in
                try ContextFile().change { contexts in
                    for name in names {
                        _ = try contexts.named(name)
                        contexts.remove(name)
                    }
                }
                for name in names { console.step(.success, "deleted the context \(name)") }
            }
        }
    }
}

/// A context: a daemon with the token of the user, or this machine.
private struct ContextDocument: Document {
    var name: String?
    var current: Bool?
    var server: String?
    /// The token without its secret.
    var token: String?
    var caFile: String?
    /// The setting that names the server; nil for a context.
    var origin: String?
    /// The caller that the daemon takes the user for, if it was asked.
    var caller: CallerDocument?
}

extension UserContexts {
    /// The document of this machine.
    fileprivate static func localDocument(in contexts: UserContexts) -> ContextDocument {
        ContextDocument(name: local, current: contexts.current == nil)
    }
}

extension UserContexts.Context {
    /// The document of the context, without the secret of the token.
    fileprivate func document(in contexts: UserContexts) -> ContextDocument {
        ContextDocument(
            name: name, current: contexts.current == name, server: server,
            token: token.map { AccessToken($0)?.description ?? "…" }, caFile: caFile)
    }
}

extension ServerChoice {
    /// The document of the context, or of the server without a context.
    fileprivate func document(in contexts: UserContexts) -> ContextDocument {
        switch origin {
        case .context(let name), .current(let name):
            contexts[name]?.document(in: contexts) ?? ContextDocument(name: name)
        case .option, .variable, .login: ContextDocument(server: url, origin: "PREWARM_SERVER")
        }
    }
}

extension DocumentTable<ContextDocument> {
    fileprivate static var contexts: DocumentTable {
        DocumentTable(
            columns: [
                Column("CURRENT") { .init($0.current == true ? "*" : "") }, Column("NAME", text: \.name),
                Column("SERVER", text: \.server), Column("TOKEN", text: \.token),
            ], flexible: "SERVER", optional: ["TOKEN"])
    }
}
