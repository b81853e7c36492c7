import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke tokens of the API.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a token. It is written to standard output, this once.",
            discussion: """
                viewer looks at pools, and asks for a sync; claimer claims workspaces for itself, and sees and \
                releases those; operator may do everything. Nobody can show a token again: the store keeps a digest.
                """)

        @OptionGroup var global: GlobalOptions

        @Argument(help: "What it is for, or whose it is: the name in lists, in the audit log, and of the owner.")
        var name: String

        @Option(help: "viewer, claimer or operator.")
        var role: Role

        @Option(
            name: .customLong("preset"),
            help: ArgumentHelp(
                "Only for presets that match: go-*, or source/go-*. Can be given again.", valueName: "pattern"))
        var presets: [String] = []

        @Option(help: ArgumentHelp("When it ends: after 90d, or at 2027-01-31T00:00:00Z.", valueName: "when"))
        var expires: Moment?

        @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
        var by: String?

        @Option(name: .shortAndLong, help: "text, json or yaml.")
        var output = DataFormat.text

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global)
                let end = try expires?.time(from: await session.now())
                let made = try await session.post(
                    "tokens",
                    body: [
                        "name": .string(name), "role": .string(role.rawValue),
                        "presets": presets.isEmpty ? nil : .array(presets.map { .string($0) }),
                        "expires": end.map { Value($0) }, "by": .string(by ?? Environment.user),
                    ])
                switch output {
                case .json: console.write(TerminalText(document: made.json))
                case .yaml: console.write(TerminalText(document: made.yaml))
                case .text:
                    let end = made.text("expiresAt").map { ", until \($0)" } ?? ""
                    console.step(.success, "made the token \(name): \(role.rawValue)\(end). Keep it: it is shown once.")
                    console.write("\(made.text("token") ?? "")\n")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the tokens, without their secrets.")

        @OptionGroup var global: GlobalOptions

        @Option(name: .shortAndLong, help: "table, wide, json, yaml or name.")
        var output = OutputFormat.table

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global)
                let tokens = try await session.list("tokens")
                switch output {
                case .json: console.write(TerminalText(document: Value.array(tokens).json))
                case .yaml: console.write(TerminalText(document: Value.array(tokens).yaml))
                case .name: console.write(tokens.compactMap { $0.text("name") }.map { "\($0)\n" }.joined())
                case .table, .wide:
                    let table = DocumentTable.tokens(now: await session.now(), isWide: output == .wide)
                    console.write(table.text(tokens, console, isWide: output == .wide))
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "Take tokens back: from now on they open nothing.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: "Their names or ids.")
        var tokens: [String]

        func run() async throws {
            try await finish(global) { console in
                let session = try await Session.open(global)
                for token in tokens {
                    // The secret of one that leaked is not sent again.
                    let revoked = try await session.delete("tokens", AccessToken(token)?.id ?? token)
                    console.step(.success, "revoked \(revoked.text("name") ?? token)")
                }
            }
        }
    }
}

extension Role: ExpressibleByArgument {}

extension DocumentTable {
    fileprivate static func tokens(now: Timestamp, isWide: Bool) -> DocumentTable {
        let wide = isWide ? [Column("ID", text: "id"), Column("CREATED BY", text: "createdBy")] : []
        return DocumentTable(
            columns: [
                Column("NAME", text: "name"), Column("ROLE", text: "role"),
                Column("PRESETS") { token in
                    let presets = token.list("presets").compactMap(\.string)
                    return .init(presets.isEmpty ? "all" : presets.joined(separator: ","))
                },
                Column("AGE", age: "createdAt", now: now),
                Column("LAST USED") { .init($0.time("lastUsedAt").map { "\((now - $0).age) ago" } ?? "never") },
                Column("EXPIRES") { token in
                    guard let end = token.time("expiresAt") else { return .init("never") }
                    return end <= now ? .init("expired", .red) : .init("in \((end - now).age)")
                },
            ] + wide, flexible: "PRESETS", optional: ["AGE"] + wide.map(\.title))
    }
}
