import ArgumentParser
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
                case .json: console.write(TerminalText(document: Value.array(documents).json))
                case .yaml: console.write(TerminalText(document: Value.array(documents).yaml))
                case .name: console.write(documents.compactMap { $0.text("name") }.map { "\($0)\n" }.joined())
                case .table, .wide:
                    console.write(DocumentTable.contexts.text(documents, console, isWide: output == .wide))
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
                    let caller = try await client.send(APIRequest(.get, ["caller"])).value
                    document = choice.document(in: contexts).merging(["caller": caller])
                }
                switch output {
                case .json: console.write(TerminalText(document: document.json))
                case .yaml: console.write(TerminalText(document: document.yaml))
                case .text: console.write(Self.text(document, console))
                }
            }
        }

        private static func text(_ document: Value, _ console: Console) -> TerminalText {
            var table = Table(["", ""], flexible: "")
            for (key, value) in document.pairs where key != "caller" {
                table.add([.init(key, .dim), .init(value.plainText ?? "-")])
            }
            if let caller = document["caller"] { table.add([.init("you", .dim), .init(caller.callerText.text)]) }
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

extension UserContexts {
    /// The document of this machine.
    fileprivate static func localDocument(in contexts: UserContexts) -> Value {
        .object(known: ["name": .string(local), "current": .bool(contexts.current == nil)])
    }
}

extension UserContexts.Context {
    /// The document of the context, without the secret of the token.
    fileprivate func document(in contexts: UserContexts) -> Value {
        .object(known: [
            "name": .string(name), "current": .bool(contexts.current == name), "server": .string(server),
            "token": token.map { .string(AccessToken($0)?.description ?? "…") }, "caFile": caFile.map { .string($0) },
        ])
    }
}

extension ServerChoice {
    /// The document of the context, or of the server without a context.
    fileprivate func document(in contexts: UserContexts) -> Value {
        switch origin {
        case .context(let name), .current(let name):
            contexts[name]?.document(in: contexts) ?? .object(known: ["name": .string(name)])
        case .option, .variable, .login:
            .object(known: ["server": .string(url), "origin": "PREWARM_SERVER"])
        }
    }
}

extension DocumentTable {
    fileprivate static var contexts: DocumentTable {
        DocumentTable(
            columns: [
                Column("CURRENT") { .init($0["current"]?.bool == true ? "*" : "") }, Column("NAME", text: "name"),
                Column("SERVER", text: "server"), Column("TOKEN", text: "token"),
            ], flexible: "SERVER", optional: ["TOKEN"])
    }
}
