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
                let context = try await Context.open(global)
                let now = context.engine.now()
                let wish = AccessTokens.Wish(
                    name: name, role: role, presets: presets, expiresAt: try expires.map { try $0.time(from: now) })
                let (token, record) = try await AccessTokens(context.store).create(
                    wish, by: by ?? Environment.user, now: now)
                let value = Value(record, now: now).merging(["token": .string(token.text)])
                switch output {
                case .json: console.write(value.json)
                case .yaml: console.write(value.yaml)
                case .text:
                    let end = record.expiresAt.map { ", until \($0)" } ?? ""
                    console.step(.success, "made the token \(name): \(role.rawValue)\(end). Keep it: it is shown once.")
                    console.write(token.text + "\n")
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
                let context = try await Context.open(global)
                let (tokens, now) = (try await AccessTokens(context.store).list(), context.engine.now())
                let values = Value.array(tokens.map { Value($0, now: now) })
                switch output {
                case .json: console.write(values.json)
                case .yaml: console.write(values.yaml)
                case .name: console.write(tokens.map { $0.name + "\n" }.joined())
                case .table, .wide:
                    console.write(tokens.table(now: now, isWide: output == .wide, console))
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

        @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
        var by: String?

        func run() async throws {
            try await finish(global) { console in
                let context = try await Context.open(global)
                for token in tokens {
                    let revoked = try await AccessTokens(context.store).revoke(
                        token, by: by ?? Environment.user, now: context.engine.now())
                    console.step(.success, "revoked \(revoked.name)")
                }
            }
        }
    }
}

extension Role: ExpressibleByArgument {}

extension [AccessTokenRecord] {
    fileprivate func table(now: Timestamp, isWide: Bool, _ console: Console) -> String {
        let wide = isWide ? ["ID", "CREATED BY"] : []
        var table = Table(
            ["NAME", "ROLE", "PRESETS", "AGE", "LAST USED", "EXPIRES"] + wide, flexible: "PRESETS",
            optional: ["AGE"] + wide)
        for token in self {
            let expiry: Table.Cell =
                switch token.expiresAt {
                case nil: .init("never")
                case let end? where end <= now: .init("expired", .red)
                case let end?: .init("in \((end - now).age)")
                }
            table.add(
                [
                    .init(token.name), .init(token.role.rawValue),
                    .init(token.presets.isEmpty ? "all" : token.presets.joined(separator: ",")),
                    .init((now - token.createdAt).age),
                    .init(token.lastUsedAt.map { "\((now - $0).age) ago" } ?? "never"), expiry,
                ] + (isWide ? [.init(token.id), .init(token.createdBy.asOneLine)] : []))
        }
        return table.text(width: console.outputWidth, colour: console.coloursOutput)
    }
}

extension CommandFailure {
    init(_ error: AccessTokenError) {
        switch error {
        case .invalid(let message): self.init(message)
        case .nameTaken(let name):
            self.init(
                "there is a token \(name) already",
                hint: "choose another name, or take that one back: `prewarm token revoke \(name)`")
        case .notFound(let name, let known):
            self.init(
                "there is no token \"\(name.asOneLine)\"",
                hint: known.closest(to: name).map { "did you mean \"\($0)\"?" } ?? "see `prewarm token list`")
        }
    }
}
