internal import PrewarmCore

/// What went wrong, for people and for programs, in the form of RFC 9457 over HTTP and as `error:` and `hint:` on the
/// command line.
package struct Problem: Error, Sendable {
    /// Which kind of problem, as a word that doesn't change: `NothingReady`.
    package let code: String
    /// Of the HTTP answer.
    package let status: Int
    /// One sentence, without secrets.
    package let message: String
    package let hint: String?
    /// The methods that are possible, where this one is not.
    package var allowedMethods: [String] = []

    package init(_ code: String, status: Int, _ message: String, hint: String? = nil) {
        self.code = code
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// - Parameter methods: those that are possible.
    package static func methodNotAllowed(_ methods: [String]) -> Problem {
        var problem = Problem(
            "MethodNotAllowed", status: 405, "here only \(methods.joined(separator: ", ")) is possible")
        problem.allowedMethods = methods
        return problem
    }

    /// `application/problem+json`.
    package var value: Value {
        .object(known: [
            "type": .string("urn:prewarm:problem:\(code)"),
            "title": .string(code),
            "status": .int(status),
            "detail": .string(message),
            "hint": hint.map { .string($0) },
        ])
    }

    /// The problem in a document of ``value`` that a server sent; each text is one line.
    package init?(remote value: Value) {
        guard let code = value.text("title"), let message = value.text("detail") else { return nil }
        self.init(
            code.printable, status: value["status"]?.int ?? 500, message.printable, hint: value.text("hint")?.printable)
    }
}

extension Problem {
    /// Nil for what is none of the engine's errors.
    package init?(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let failure as GitFailure:
            let isLack = failure.reason == .refNotFound || failure.reason == .pathNotFound
            self.init(failure.reason.rawValue, status: isLack ? 404 : 502, failure.message, hint: failure.hint)
        case let failure as StoreError:
            self.init(
                "Store", status: [.busy, .replaced, .unavailable].contains(failure.reason) ? 503 : 500, failure.message,
                hint: failure.hint)
        case let failure as TurnError: self.init(failure)
        case let failure as ClaimError: self.init(failure)
        case let failure as ApprovalError: self.init(failure)
        case let failure as AdoptionError: self.init(failure)
        case RetryError.notPending(let operation):
            self.init(
                "NotPending", status: 409, "the operation \(operation.id) is \(operation.state.rawValue), not waiting",
                hint: "name its preset to clear the failures: `prewarm retry \(operation.preset.name)`")
        default: return nil
        }
    }

    private init(_ error: TurnError) {
        switch error {
        case .unknownSource(let name):
            self.init(
                "UnknownSource", status: 404, "the configuration names no source \"\(name)\"",
                hint: "see `prewarm get sources`")
        case .leaseHeld(let source, let holder):
            let who = Holder(holder).map { "the process \($0.pid)" } ?? holder
            self.init(
                "LeaseHeld", status: 409, "another prewarm (\(who)) is reconciling the source \(source)",
                hint: "wait until it is done, or end it; its work is carried on by the next run")
        case .planChanged(let source):
            self.init(
                "PlanChanged", status: 409,
                "the world has moved since the plan was made: a sync of \(source) would do something else now",
                hint: "nothing was done; make a new plan with `prewarm plan --out FILE`")
        case .leaseLost(let source):
            self.init(
                "LeaseLost", status: 409,
                "another prewarm took over the source \(source) while this one was at it; this turn was rolled back",
                hint: "run the command again")
        }
    }

    private init(_ error: ClaimError) {
        switch error {
        case .unknownPreset(let name, let known):
            self.init(
                "UnknownPreset", status: 404, "there is no preset \"\(name)\"",
                hint: Problem.hint(for: name, among: known))
        case .ambiguousPreset(let name, let sources):
            self.init(
                "AmbiguousPreset", status: 409, "several sources have a preset \"\(name)\"",
                hint: "write one of: " + sources.map { "\($0)/\(name)" }.joined(separator: ", ")
                    + "; or write `default: true` at one of these sources in the configuration")
        case .retired(let preset): self.init(retired: preset)
        case .nothingReady(let preset, let starting):
            self.init(
                "NothingReady", status: 409, "no workspace of \(preset.key.name) is ready to be claimed",
                hint: starting > 0
                    ? "\(starting) on the way: try again with `--wait 5m`"
                    : "`prewarm describe preset \(preset.key.name)` says why; `prewarm sync` fills what nothing holds back"
            )
        case .unknownWorkspace(let name):
            self.init(
                "UnknownWorkspace", status: 404, "there is no workspace \"\(name)\"",
                hint: "see `prewarm get workspaces`")
        case .notClaimed(let workspace):
            self.init(
                "NotClaimed", status: 409,
                "the workspace \(workspace.name) is not claimed, it is \(workspace.state.rawValue)",
                hint: "only a claimed one can be released; pools shrink by the number in git")
        case .storeRestored(let hold):
            self.init("StoreRestored", status: 503, "cannot claim: \(hold.sentence)", hint: StoreHold.hint)
        case .keyReused(let key, let workspace):
            self.init(
                "KeyReused", status: 422,
                "the idempotency key \"\(key.text)\" was used for \(workspace.preset.name) and \(workspace.owner?.name ?? "?")",
                hint: "use a new key for a new claim")
        }
    }

    private init(retired preset: Preset) {
        let why = PresetStatus(
            preset: preset, pool: PoolPlan(preset: preset.key, counts: PoolCounts()), failure: nil, held: [],
            diagnostics: [])
        self.init(
            "Retired", status: 409,
            "the preset \(preset.key.name) hands nothing out: \(why[.deprecated]?.message ?? "it is retired")")
    }

    private init(_ error: ApprovalError) {
        switch error {
        case .notApplied(let revision, let applied):
            self.init(
                "NotApplied", status: 409, "no source has the revision \"\(revision)\" in force",
                hint: applied.isEmpty
                    ? "another revision was applied meanwhile: see `prewarm status`"
                    : (revision.count < 6 ? "six digits of the commit or more are needed; " : "") + "in force: "
                        + applied.map { "\($0.source) \($0.revision.short)" }.joined(separator: ", ")
                        + "; a newer one has to be applied before, by `prewarm sync`")
        case .nothingHeld(let source, let revision):
            self.init(
                "NothingHeld", status: 409, "nothing is held of \(source) at \(revision.short)",
                hint: "see `prewarm plan`")
        case .notConfigured(let revision, let sources):
            self.init(
                "NotConfigured", status: 409,
                "only \(sources.joined(separator: ", ")) has \(revision.short), which the configuration does not name any more",
                hint: "to let its workspaces go, name it: `--source \(sources[0])`")
        case .storeNotHeld:
            self.init(
                "NothingHeld", status: 409, "cannot approve the store: it is neither a restored copy nor new",
                hint: "see `prewarm status`")
        }
    }

    private init(_ error: AdoptionError) {
        switch error {
        case .notAnOrphan(let id, let known):
            self.init(
                "NotAnOrphan", status: 404, "no provisioner's last list shows \"\(id)\" as one that nobody knows",
                hint: known.isEmpty
                    ? "look for them with `prewarm sync --refresh`" : "see `prewarm get orphans`")
        case .otherProvisioner(let orphan, let preset):
            self.init(
                "OtherProvisioner", status: 409,
                "\(orphan.id) is of the provisioner \(orphan.provisioner), the preset \(preset.key.name) of \(preset.spec.provisioner)",
                hint: "name a preset of \(orphan.provisioner)")
        case .known(let workspace):
            self.init(
                "AlreadyKnown", status: 409,
                "cannot adopt \(workspace.id): it is \(workspace.name), which is \(workspace.state.rawValue)",
                hint: "see `prewarm describe workspace \(workspace.name)`")
        case .notReady(let orphan, let why):
            self.init(
                "NotReady", status: 409,
                "cannot adopt \(orphan.id): the provisioner \(orphan.provisioner) does not call it ready: \(why)",
                hint: "mend it and run the command again, or delete it at its provider")
        case .withoutEndpoint(let orphan, let preset):
            self.init(
                "PoolFull", status: 409,
                "cannot adopt \(orphan.id) into the full pool \(preset.key.name): its endpoint is not known, and a "
                    + "workspace with an endpoint would be deleted for it",
                hint:
                    "raise `instances` of \(preset.key.name), or add `inspect` to the operations of \(orphan.provisioner)"
            )
        case .retired(let preset): self.init(retired: preset)
        }
    }

    package static func hint(for name: String, among known: [String]) -> String {
        if let close = known.closest(to: name) { return "did you mean \"\(close)\"?" }
        return known.isEmpty ? "none is in force yet: run `prewarm sync`" : "see `prewarm get presets`"
    }
}
