import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// What `suspend` and `resume` are about: exactly one of a preset, a source, everything.
struct ScopeOptions: ParsableArguments {
    @Argument(help: "The preset, by its name or as source/name.")
    var preset: String?

    @Option(help: ArgumentHelp("All presets of this source.", valueName: "name"))
    var source: String?

    @Flag(help: "Everything.")
    var all = false

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func validate() throws {
        guard [preset != nil, source != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError("name one of: a preset, --source NAME, --all")
        }
    }

    /// As the API takes it.
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
        commandName: "suspend", abstract: "Stop acting on a preset, a source or everything; claims go on.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ScopeOptions

    @Option(help: ArgumentHelp("Why; it is shown wherever the preset is.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp("Resume by itself after this time (2h) or at it (2026-11-24T18:00:00Z).", valueName: "when"))
    var until: Moment?

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let end = try until?.time(from: await session.now())
            let more = Value.object(known: ["reason": reason.map { .string($0) }, "until": end.map { Value($0) }])
            _ = try await session.client.send(
                APIRequest(.post, ["suspend"], body: .object(options.members + more.pairs)))
            console.step(.success, "suspended \(options.description)\(end.map { " until \($0)" } ?? "")")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on acting on what was suspended.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: ScopeOptions

    func run() async throws {
        try await finish(global) { console in
            let resumed = try await Session.open(global).client.send(
                APIRequest(.post, ["resume"], body: .object(options.members))
            ).value
            console.step(
                .success,
                resumed["changed"]?.bool == true
                    ? "resumed \(options.description)"
                    : "\(options.description) was not suspended from the command line")
            if let still = resumed["still"] {
                console.warning(
                    "\(options.description) is still suspended: \(still.text("message") ?? "")",
                    hint: still.text("hint").map { TerminalText($0) })
            }
        }
    }
}

/// A time, or a duration from now.
enum Moment: ExpressibleByArgument {
    case at(Timestamp)
    case after(Duration)

    init?(argument: String) {
        if let duration = Duration(prewarm: argument) {
            self = .after(duration)
        } else if let time = Timestamp(argument) {
            self = .at(time)
        } else {
            return nil
        }
    }

    /// An end that has passed would end what it is to end before it began.
    func time(from now: Timestamp) throws -> Timestamp {
        switch self {
        case .at(let time) where time <= now:
            throw CommandFailure("\(time) has passed", hint: "it is \(now) now; give a later time, or a duration as 2h")
        case .at(let time): return time
        case .after(let duration): return now + duration
        }
    }
}
