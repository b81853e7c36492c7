import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The scope of `suspend` and `resume`: exactly one of a preset, a source or everything.
struct ScopeOptions: ParsableArguments {
    @Argument(
        help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.",
        completion: .presets)
    var preset: String?

    @Option(help: ArgumentHelp("Apply to all presets of this source.", valueName: "name"), completion: .sources)
    var source: String?

    @Flag(help: "Apply to all presets of all sources.")
    var all = false

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func validate() throws {
        let given = [preset, source.map { "--source \($0)" }, all ? "--all" : nil].compactMap(\.self)
        guard given.count == 1 else {
            throw ValidationError(
                given.isEmpty
                    ? "missing scope: give a preset, --source NAME or --all"
                    : "cannot use \(given.joined(separator: " with ")): give only one scope")
        }
    }

    /// The members of the request body for the API.
    var members: [(key: String, value: Value)] {
        [
            preset.map { ("preset", .string($0)) }, source.map { ("source", .string($0)) },
            all ? ("all", .bool(true)) : nil, ("by", .string(by ?? Environment.user)),
        ].compactMap { $0 }
    }

    var description: String { preset ?? source.map { "the source \($0)" } ?? "everything" }
}

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Stop creating and deleting workspaces; claims continue.",
        discussion: """
            A suspension covers a preset, a source or everything. `prewarm resume` or the time of --until ends it.

            Examples:
              prewarm suspend go-large --until 2h --reason "broken image"
              prewarm suspend --source presets
              prewarm suspend --all
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ScopeOptions

    @Option(help: ArgumentHelp("The reason, which `prewarm status` shows.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "When it ends: a duration such as 2h, or a time such as 2026-11-24T18:00:00Z (default: never).",
            valueName: "time"),
        transform: Moment.init(argument:))
    var until: Moment?

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let now = await session.now()
            let end = try until?.time(from: now)
            let more = Value.object(known: ["reason": reason.map { .string($0) }, "until": end.map { Value($0) }])
            _ = try await session.client.send(
                APIRequest(.post, ["suspend"], body: .object(options.members + more.pairs)))
            console.step(.success, "suspended \(options.description)\(ShownTimes(now: now).until(end))")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "End a suspension of a preset, a source or everything.",
        discussion: """
            Examples:
              prewarm resume go-large
              prewarm resume --all
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ScopeOptions

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let times = ShownTimes(now: await session.now())
            let resumed: DoneDocument = try await session.client.send(
                APIRequest(.post, ["resume"], body: .object(options.members))
            ).decoded()
            console.step(
                .success,
                resumed.changed == true
                    ? "resumed \(options.description)"
                    : "\(options.description) was not suspended from the command line")
            if let still = resumed.still {
                console.warning(
                    "\(options.description) is still suspended: \(times.sentence(still.message))",
                    hint: TerminalText(still.hint))
            }
        }
    }
}

/// A point in time, which a user gives as a time or as a duration from now.
enum Moment {
    case at(Timestamp)
    case after(Duration)

    /// - Throws: `ValidationError` with the form of a time.
    init(argument: String) throws {
        if let duration = Duration(prewarm: argument) {
            self = .after(duration)
        } else if let time = Timestamp(argument) {
            self = .at(time)
        } else {
            throw ValidationError(
                DurationArgument.units(for: argument)
                    ?? "it must be a duration such as 2h, or a time such as 2026-11-24T18:00:00Z")
        }
    }

    /// Returns the time.
    /// - Throws: ``CommandFailure`` if the time has passed.
    func time(from now: Timestamp) throws -> Timestamp {
        switch self {
        case .at(let time) where time <= now:
            throw CommandFailure(
                "invalid time \(time): it has passed",
                hint: "give a time after \(now), or a duration such as 2h")
        case .at(let time): return time
        case .after(let duration): return now + duration
        }
    }
}
