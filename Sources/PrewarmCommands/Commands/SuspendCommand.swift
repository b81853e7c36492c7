import ArgumentParser
import PrewarmCore
import PrewarmEngine

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

    func scope(_ context: Context) async throws -> Suspension.Scope {
        if let preset { return try await context.engine.scope(ofPreset: preset) }
        guard let source else { return .all }
        return .source(try context.sources(named: source)[0])
    }

    var description: String { preset ?? source.map { "the source \($0)" } ?? "everything" }
    var author: String { by ?? Environment.user }
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
            let context = try await Context.open(global)
            let end = try until.map { try $0.time(from: context.engine.now()) }
            try await context.engine.suspend(
                try await options.scope(context), reason: reason, by: options.author, until: end)
            console.step(.success, "suspended \(options.description)" + (end.map { " until \($0)" } ?? ""))
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
            let context = try await Context.open(global)
            guard try await context.engine.resume(try await options.scope(context), by: options.author) else {
                console.step(.success, "\(options.description) was not suspended from the command line")
                try await tellWhatGoesOn(context, console)
                return
            }
            console.step(.success, "resumed \(options.description)")
            try await tellWhatGoesOn(context, console)
        }
    }

    /// A preset may be suspended by its manifest, with its source or with everything, too.
    private func tellWhatGoesOn(_ context: Context, _ console: Console) async throws {
        guard options.preset != nil, case .preset(let key) = try await options.scope(context) else { return }
        let status = try await context.assess().flatMap(\.statuses).first { $0.preset.key == key }
        guard let suspended = status?[.suspended] else { return }
        let hint =
            switch status?.pool.suspension?.scope {
            case .source(let name)?: "`prewarm resume --source \(name)` ends it"
            case .all?: "`prewarm resume --all` ends it"
            default: "it ends in git"
            }
        console.warning("\(key.name) is still suspended: \(suspended.message)", hint: hint)
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
