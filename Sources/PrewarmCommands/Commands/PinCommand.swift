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
            let session = try await Session.open(global)
            let end = try until?.time(from: await session.now())
            let pinned = try await session.post(
                "sources", source, "pin",
                body: [
                    "revision": .string(revision), "reason": reason.map { .string($0) },
                    "until": end.map { Value($0) }, "by": .string(by ?? Environment.user),
                ])
            console.step(
                .success,
                "pinned \(source) at \(pinned.shortRevision("revision") ?? revision)\(end.map { " until \($0)" } ?? "")"
            )
            if session.local != nil { console.note("The next sync goes to it.") }
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
            let unpinned = try await Session.open(global).delete(
                "sources", source, "pin", query: ["by": by ?? Environment.user])
            console.step(
                .success, unpinned["changed"]?.bool == true ? "unpinned \(source)" : "\(source) was not pinned")
        }
    }
}
