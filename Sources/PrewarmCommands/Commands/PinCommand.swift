import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Hold a source at an earlier revision while git is being mended.",
        discussion: "What is pushed meanwhile is not applied. `unpin` ends it, or --until.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The source.")
    var source: String

    @Argument(help: "A branch, tag or commit; it is held at the commit that this is now.")
    var revision: String

    @Option(help: ArgumentHelp("Why; it is shown wherever the source is.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp("Ends by itself after this time (2h) or at it (2026-11-24T18:00:00Z).", valueName: "when"))
    var until: Moment?

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let name = try context.sources(named: source)[0]
            let end = try until.map { try $0.time(from: context.engine.now()) }
            let pinned = try await context.engine.pin(
                name, at: revision, reason: reason, by: by ?? Environment.user, until: end)
            console.step(.success, "pinned \(name) at \(pinned.short)" + (end.map { " until \($0)" } ?? ""))
            console.note("The next sync goes to it.")
        }
    }
}

struct UnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "Let a pinned source follow its ref again.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The source.")
    var source: String

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let name = try context.sources(named: source)[0]
            let wasPinned = try await context.engine.unpin(name, by: by ?? Environment.user)
            console.step(.success, wasPinned ? "unpinned \(name)" : "\(name) was not pinned")
        }
    }
}
