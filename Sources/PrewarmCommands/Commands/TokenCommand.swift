import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Create, list and revoke access tokens for the API.",
        discussion: """
            Examples:
              prewarm token create ops --role operator
              prewarm token list
              prewarm token revoke ops
            """,
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Create an access token and write it to standard output.",
            discussion: """
                Save the token: prewarm stores only its digest and cannot show it again. A viewer may read pools and \
                request syncs. A claimer may also claim workspaces, and see and release its own. An operator may do \
                everything. The first token has to be an operator's, so that someone can administer the API.

                Examples:
                  prewarm token create ops --role operator
                  prewarm token create ada --role claimer --preset 'go-*' --expires 90d
                  prewarm token create dashboard --role viewer
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The name of the token, which the audit log and the owners of workspaces show.")
        var name: String

        @Option(help: "What the holder of the token may do.")
        var role: Role

        @Option(
            name: .customLong("preset"),
            help: ArgumentHelp(
                "Limit the token to presets that match, for example 'go-*' or 'team-a/go-*' (default: all). Repeatable.",
                valueName: "pattern"), completion: .presets)
        var presets: [String] = []

        @Option(
            help: ArgumentHelp(
                "The highest priority of its claims in the queue of a preset, from 0 to 100 (default: 50).",
                valueName: "number"))
        var priority: Int?

        @Option(
            help: ArgumentHelp(
                "When it expires: a duration such as 90d, or a time such as 2027-01-31T00:00:00Z (default: never).",
                valueName: "time"),
            transform: Moment.init(argument:))
        var expires: Moment?

        @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
        var by: String?

        @Option(name: .shortAndLong, help: "The output format.")
        var output = DataFormat.text

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global, for: .store)
                let end = try expires?.time(from: await session.now())
                let made: TokenDocument = try await session.post(
                    "tokens",
                    body: [
                        "name": .string(name), "role": .string(role.rawValue),
                        "presets": presets.isEmpty ? nil : .array(presets.map { .string($0) }),
                        "priority": priority.map { .int($0) }, "expires": end.map { Value($0) },
                        "by": .string(by ?? Environment.user),
                    ])
                switch output {
                case .json: console.write(TerminalText(document: made.json))
                case .yaml: console.write(TerminalText(document: made.yaml))
                case .text:
                    let times = ShownTimes(now: await session.now())
                    let end = made.expiresAt.map { ", expires \(times.relative($0))" } ?? ""
                    console.step(
                        .success, "created the token \(name) (\(role.rawValue)\(end)). Save it: it is shown only once.")
                    console.write("\(made.token ?? "")\n")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the tokens, without their secrets.",
            discussion: """
                Examples:
                  prewarm token list
                  prewarm token list --output json
                """)

        @OptionGroup var global: GlobalOptions

        @Option(name: .shortAndLong, help: "The output format.")
        var output = OutputFormat.table

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global, for: .store)
                let tokens: [TokenDocument] = try await session.get("tokens")
                switch output {
                case .json: console.write(TerminalText(document: tokens.json))
                case .yaml: console.write(TerminalText(document: tokens.yaml))
                case .name: console.write(tokens.map { "\($0.name)\n" }.joined())
                case .table, .wide:
                    let table = DocumentTable<TokenDocument>.tokens(now: await session.now(), isWide: output == .wide)
                    console.write(table.text(tokens, console, isWide: output == .wide))
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Revoke tokens; the API refuses them from now on.",
            discussion: """
                Examples:
                  prewarm token revoke ada
                  prewarm token revoke dashboard ci
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The names or IDs of the tokens.")
        var tokens: [String]

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global, for: .store)
                for token in tokens {
                    // If the user gives a whole token, only its ID is sent, not the secret.
                    let revoked: TokenDocument = try await session.delete("tokens", AccessToken(token)?.id ?? token)
                    console.step(.success, "revoked \(revoked.name)")
                }
            }
        }
    }
}

extension Role: ExpressibleByArgument {}

extension DocumentTable<TokenDocument> {
    fileprivate static func tokens(now: Timestamp, isWide: Bool) -> DocumentTable {
        let times = ShownTimes(now: now)
        let wide = isWide ? [Column("ID", text: \.id), Column("CREATED BY", text: \.createdBy)] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: \.name), Column("ROLE", text: \.role.text),
                Column("PRESETS") { .init($0.presets.isEmpty ? "all" : $0.presets.joined(separator: ",")) },
                Column("AGE", age: \.createdAt, now: now),
                Column("LAST USED") { .init($0.lastUsedAt.map(times.distance) ?? "never") },
                Column("EXPIRES") { token in
                    guard let end = token.expiresAt else { return .init("never") }
                    return end <= now ? .init("expired", .red) : .init(times.distance(to: end))
                },
            ] + wide, flexible: "PRESETS", optional: ["AGE"] + wide.map(\.title))
    }
}
