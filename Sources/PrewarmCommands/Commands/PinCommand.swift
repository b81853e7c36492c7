import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Hold a source at one revision, for example during a revert.",
        discussion: """
            prewarm does not apply later commits until `prewarm unpin` or the time of --until.

            Examples:
              prewarm pin presets 5394cb7f --reason "bad template" --until 2h
              prewarm pin presets v1.4.0
              prewarm unpin presets
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of the source.", completion: .sources)
    var source: String

    @Argument(help: "A branch, tag or commit. prewarm pins the commit that it names now.")
    var revision: String

    @Option(help: ArgumentHelp("The reason, which `prewarm status` shows.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "When the pin ends: a duration such as 2h, or a time such as 2026-11-24T18:00:00Z (default: never).",
            valueName: "time"),
        transform: Moment.init(argument:))
    var until: Moment?

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let now = await session.now()
            let end = try until?.time(from: now)
            let pinned: DoneDocument = try await session.post(
                "sources", source, "pin",
                body: [
                    "revision": .string(revision), "reason": reason.map { .string($0) },
                    "until": end.map { Value($0) }, "by": .string(by ?? Environment.user),
                ])
            console.step(
                .success,
                "pinned \(source) at \(pinned.revision?.shortRevision ?? revision)\(ShownTimes(now: now).until(end))")
            if session.local != nil { console.note("The next `prewarm sync` applies it.") }
        }
    }
}

struct UnpinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin", abstract: "End a pin, so that the source follows its ref again.",
        discussion: """
            Examples:
              prewarm unpin presets
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of the source.", completion: .sources)
    var source: String

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let unpinned: DoneDocument = try await Session.open(global, for: .store).delete(
                "sources", source, "pin", query: ["by": by ?? Environment.user])
            console.step(
                .success, unpinned.changed == true ? "unpinned \(source)" : "\(source) was not pinned")
        }
    }
}
