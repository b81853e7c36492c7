import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// Ends a command with a message for people and an exit code for scripts.
struct CommandFailure: Error {
    let message: String
    var hint: String?
    /// 1 failed, 3 nothing to claim; 64, wrong usage, comes from the argument parser.
    var code: Int32 = 1

    init(_ message: String, hint: String? = nil, code: Int32 = 1) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    /// In the words of the command line, whatever went wrong underneath.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let failure as GitFailure: self.init(failure.message, hint: failure.hint)
        case let failure as StoreError: self.init(failure.message, hint: failure.hint)
        case let failure as TurnError: self.init(failure)
        case let failure as ClaimError: self.init(failure)
        case ApprovalError.notApplied(let revision, let applied):
            self.init(
                "no source has the revision \"\(revision)\" in force",
                hint: applied.isEmpty
                    ? "another revision was applied meanwhile: see `prewarm status`"
                    : (revision.count < 6 ? "six digits of the commit or more are needed; " : "") + "in force: "
                        + applied.map { "\($0.source) \($0.revision.short)" }.joined(separator: ", "))
        case ApprovalError.nothingHeld(let source, let revision):
            self.init("nothing is held of \(source) at \(revision.short)", hint: "see `prewarm plan`")
        case AdoptionError.notAnOrphan(let id, let known):
            self.init(
                "no provisioner's last list shows \"\(id)\" as one that nobody knows",
                hint: known.isEmpty
                    ? "look for them with `prewarm sync --refresh`" : "see `prewarm get orphans`")
        case AdoptionError.otherProvisioner(let orphan, let preset):
            self.init(
                "\(orphan.id) is of the provisioner \(orphan.provisioner), the preset \(preset.key.name) of \(preset.spec.provisioner)",
                hint: "name a preset of \(orphan.provisioner)")
        case let failure as AccessTokenError: self.init(failure)
        case let failure as AccessError: self.init(failure.message, hint: failure.hint)
        case AdoptionError.retired(let preset): self.init(ClaimError.retired(preset))
        case RetryError.notPending(let operation):
            self.init(
                "the operation \(operation.id) is \(operation.state.rawValue), not waiting",
                hint: "name its preset to clear the failures: `prewarm retry \(operation.preset.name)`")
        case is CancellationError: self.init("interrupted; what was under way is carried on by the next run", code: 130)
        default: self.init("\(error)")
        }
    }

    private init(_ error: TurnError) {
        switch error {
        case .unknownSource(let name):
            self.init("the configuration names no source \"\(name)\"", hint: "see `prewarm get sources`")
        case .leaseHeld(let source, let holder):
            let who = Holder(holder).map { "the process \($0.pid)" } ?? holder
            self.init(
                "another prewarm (\(who)) is reconciling the source \(source)",
                hint: "wait until it is done, or end it; its work is carried on by the next run")
        case .planChanged(let source):
            self.init(
                "the world has moved since the plan was made: a sync of \(source) would do something else now",
                hint: "nothing was done; make a new plan with `prewarm plan --out FILE`")
        case .leaseLost(let source):
            self.init(
                "another prewarm took over the source \(source) while this one was at it; this turn was rolled back",
                hint: "run the command again")
        }
    }

    private init(_ error: ClaimError) {
        switch error {
        case .unknownPreset(let name, let known):
            self.init("there is no preset \"\(name)\"", hint: Self.hint(for: name, among: known))
        case .ambiguousPreset(let name, let sources):
            self.init(
                "several sources have a preset \"\(name)\"",
                hint: "write one of: " + sources.map { "\($0)/\(name)" }.joined(separator: ", "))
        case .retired(let preset):
            let why = PresetStatus(
                preset: preset, pool: PoolPlan(preset: preset.key, counts: PoolCounts()), failure: nil, held: [],
                diagnostics: [])
            self.init(
                "the preset \(preset.key.name) hands nothing out: \(why[.deprecated]?.message ?? "it is retired")")
        case .nothingReady(let preset, let starting):
            self.init(
                "no workspace of \(preset.key.name) is ready to be claimed",
                hint: starting > 0
                    ? "\(starting) on the way: try again with `--wait 5m`"
                    : "fill the pool with `prewarm sync`, or see why with `prewarm describe preset \(preset.key.name)`",
                code: 3)
        case .unknownWorkspace(let name):
            self.init("there is no workspace \"\(name)\"", hint: "see `prewarm get workspaces`")
        case .notClaimed(let workspace):
            self.init(
                "the workspace \(workspace.name) is not claimed, it is \(workspace.state.rawValue)",
                hint: "only a claimed one can be released; pools shrink by the number in git")
        case .keyReused(let key, let workspace):
            self.init(
                "the idempotency key \"\(key)\" was used for \(workspace.preset.name) and \(workspace.owner ?? "?")",
                hint: "use a new key for a new claim")
        }
    }

    static func hint(for name: String, among known: [String]) -> String {
        if let close = known.closest(to: name) { return "did you mean \"\(close)\"?" }
        return known.isEmpty ? "none is in force yet: run `prewarm sync`" : "see `prewarm get presets`"
    }
}
