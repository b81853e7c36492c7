import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The options of `claim` and `with` that say which workspace to claim, and how.
struct ClaimOptions: ParsableArguments {
    @Argument(
        help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.",
        completion: .presets)
    var preset: String?

    @Option(
        name: .customLong("select"),
        help: ArgumentHelp(
            "Labels and parameters of the preset, instead of its name, for example lang=go,size=large.",
            valueName: "key=value,…"),
        transform: SelectorArgument.init(argument:))
    var selector: SelectorArgument?

    @Option(
        name: .customLong("prefer"), parsing: .singleValue,
        help: ArgumentHelp(
            "Labels and parameters that a selected preset should have. You can repeat the option; the first one counts most.",
            valueName: "key=value,…"),
        transform: SelectorArgument.init(argument:))
    var preferences: [SelectorArgument] = []

    @Option(
        help: ArgumentHelp(
            "The name of the owner, 1 to \(Owner.nameLimit) characters (default with the token of a claimer: its name).",
            valueName: "name"))
    var owner: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait if no workspace is ready, for example 90s or 15m (default: do not wait).",
            valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var wait: DurationArgument?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "The length of the lease, for example 4h (default: `lease.ttl` of the preset).", valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var length: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "The priority in the queue, from 0 to 100 (default: the one of the token).", valueName: "number"))
    var priority: Int?

    func validate() throws {
        if preset != nil, selector != nil { throw ValidationError("give either a preset or --select, not both") }
        if preset == nil, selector == nil { throw ValidationError("missing preset: give its name, or --select") }
        if selector == nil, !preferences.isEmpty { throw ValidationError("invalid --prefer: it needs --select") }
        guard preferences.count <= Selection.mostPreferences else {
            throw ValidationError(
                "invalid --prefer: it can be given at most \(Selection.mostPreferences) times, not \(preferences.count)"
            )
        }
        if let owner, owner.isEmpty || owner.unicodeScalars.count > Owner.nameLimit {
            throw ValidationError(
                "invalid --owner: it must have 1 to \(Owner.nameLimit) characters, not \(owner.unicodeScalars.count)")
        }
    }

    /// Refuses a command without an owner, unless it may be for a daemon, which knows the owner of its tokens.
    func requireOwner(_ global: GlobalOptions) throws {
        if owner == nil, (try? ServerChoice(global) == nil) ?? false {
            throw ValidationError("missing --owner: only the token of a claimer has a default owner")
        }
    }

    /// The preset or the selection that the command claims from.
    private var target: ClaimTarget {
        guard let selector else { return .preset(preset ?? "") }
        return .selection(Selection(selector.selector, preferences: preferences.map(\.selector)))
    }

    /// Returns the steps to a usable workspace.
    /// - Parameter parameters: The claim parameters; nil for none.
    func steps(_ session: Session, _ parameters: Value?, idempotencyKey: String?) -> ClaimSteps {
        ClaimSteps(
            session: session, target: target, owner: owner, wait: wait?.duration, length: length?.duration,
            priority: priority, parameters: parameters, idempotencyKey: idempotencyKey)
    }
}

/// Labels and parameters on the command line, for example `lang=go,size=large`.
struct SelectorArgument {
    let selector: PresetSelector

    /// - Throws: `ValidationError` with the form to write.
    init(argument: String) throws {
        do throws(TextError) {
            selector = try PresetSelector(argument)
        } catch {
            throw ValidationError("\(error.message), for example lang=go,size=large")
        }
    }
}
