import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The options of `claim` and `with` that say which workspace to claim, and how.
struct ClaimOptions: ParsableArguments {
    @Argument(
        help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.",
        completion: .presets)
    var preset: String

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

    /// Returns the steps to a usable workspace.
    /// - Parameter parameters: The claim parameters; nil for none.
    func steps(_ session: Session, _ parameters: Value?, idempotencyKey: String?) -> ClaimSteps {
        ClaimSteps(
            session: session, preset: preset, owner: owner, wait: wait?.duration, length: length?.duration,
            priority: priority, parameters: parameters, idempotencyKey: idempotencyKey)
    }
}
