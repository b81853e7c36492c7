/// A preset in force with its pool: what `get presets` shows.
package struct PresetStatus: Sendable {
    package let preset: Preset
    package let pool: PoolPlan
    package let failure: FailureRecord?
    package private(set) var conditions: [Condition]

    /// - Parameters:
    ///   - diagnostics: of the preset's source; those of its file mean that an older version is in force.
    ///   - earlier: the conditions as they were; those that still are so keep their time.
    ///   - now: the time of the others; nil: unknown.
    ///   - held: the actions on this preset that are held back.
    package init(
        preset: Preset, pool: PoolPlan, failure: FailureRecord?, held: [HeldAction], diagnostics: [Diagnostic],
        earlier: [Condition] = [], now: Timestamp? = nil
    ) {
        self.preset = preset
        self.pool = pool
        self.failure = failure
        var conditions = [Self.ready(preset, pool.counts)]
        conditions += [
            Self.reconciling(preset, pool), Self.stalled(preset, pool, failure, failure.summary),
            Self.backingOff(pool, failure.summary),
            Self.deprecated(preset), Self.suspended(preset, pool), Self.invalid(preset, diagnostics),
            Self.deletionsHeld(preset, held), Self.limited(held),
        ].compactMap { $0 }
        for index in conditions.indices {
            let condition = conditions[index]
            let same = earlier.first { $0.kind == condition.kind && $0.status == condition.status }
            conditions[index].since = same?.since ?? now
        }
        self.conditions = conditions
    }

    package subscript(_ kind: Condition.Kind) -> Condition? { conditions.first { $0.kind == kind } }

    /// The same conditions for readers who may not read what provisioners wrote.
    package var conditionsWithoutLogs: [Condition] {
        conditions.map { condition in
            var shown =
                switch condition.kind {
                case .stalled: Self.stalled(preset, pool, failure, Operation.withheldError) ?? condition
                case .backingOff: Self.backingOff(pool, Operation.withheldError) ?? condition
                default: condition
                }
            shown.since = condition.since
            return shown
        }
    }

    /// Nothing that somebody should look at. A pool that a limit keeps below its number is not healthy (rule 9).
    package var isHealthy: Bool {
        self[.stalled] == nil && self[.invalid] == nil && self[.backingOff] == nil && !isShortByLimit
            && (self[.deletionsHeld]?.reason ?? "Retain") == "Retain"
    }

    private var isShortByLimit: Bool {
        self[.ready]?.status == .no && Hold.reasonsOfInstances.contains(self[.limited]?.reason ?? "")
    }

    private static func ready(_ preset: Preset, _ counts: PoolCounts) -> Condition {
        let message =
            counts.claimableOlder == 0
            ? "\(counts.eligible) of \(counts.desired) ready to be claimed"
            : "\(counts.claimable) ready to be claimed, \(counts.eligible) of \(counts.desired) of the current version and "
                + "not expired"
        if counts.desired == 0 { return Condition(.ready, reason: "ScaledToZero", message: "none is wanted now") }
        return counts.eligible >= counts.desired
            ? Condition(.ready, reason: "AtDesired", message: message)
            : Condition(.ready, .no, reason: "BelowDesired", message: message)
    }

    private static func reconciling(_ preset: Preset, _ pool: PoolPlan) -> Condition? {
        let counts = pool.counts
        guard !pool.isConverged, !preset.isSuspended, pool.suspension == nil else { return nil }
        if case .stalled = pool.wait { return nil }
        var parts: [String] = []
        if counts.starting > 0 { parts.append("\(counts.starting) starting") }
        if counts.deleting > 0 { parts.append("\(counts.deleting) deleting") }
        if counts.outdated > 0 { parts.append("\(counts.outdated) outdated") }
        let missing = counts.desired - counts.eligible - counts.starting
        if missing > 0 { parts.append("\(missing) missing") }
        if pool.wait == .canary { parts.append("the first of a new version has to be ready before more are made") }
        if counts.extraneous > 0 { parts.append("\(counts.extraneous) too many") }
        let broken = counts.failed - counts.keptFailed
        if broken > 0 { parts.append("\(broken) failed to build") }
        let reason =
            if case .backoff = pool.wait { "ProgressingWithRetry" } else if preset.retirement != nil {
                "Draining"
            } else if counts.outdated > 0 { "RollingOut" } else { "Progressing" }
        return Condition(.reconciling, reason: reason, message: parts.joined(separator: ", "))
    }

    private static func stalled(
        _ preset: Preset, _ pool: PoolPlan, _ failure: FailureRecord?, _ cause: String
    ) -> Condition? {
        guard case .stalled(let failures) = pool.wait else { return nil }
        return Condition(
            .stalled, reason: "FailureLimit",
            message:
                "\(failures.counted("build")) in a row failed, the limit is \(preset.failureLimit): \(cause); "
                + "`prewarm retry \(preset.key.name)` or another version tries at once"
                + (failure.map { "; one build tries at \($0.retryAt)" } ?? ""))
    }

    private static func backingOff(_ pool: PoolPlan, _ cause: String) -> Condition? {
        guard case .backoff(let until, let failures) = pool.wait else { return nil }
        return Condition(
            .backingOff, reason: "CreateFailed",
            message: "\(failures.counted("build")) in a row failed, the next is at \(until): \(cause)")
    }

    private static func deprecated(_ preset: Preset) -> Condition? {
        switch preset.retirement {
        case .deprecated(let deprecation):
            Condition(.deprecated, reason: "Deprecated", message: deprecation.sentence(of: "the preset"))
        case .templateDeprecated(let deprecation):
            Condition(
                .deprecated, reason: "TemplateDeprecated",
                message: deprecation.sentence(of: "its template \(preset.spec.template)"))
        case .inactive(let activeVersion):
            Condition(
                .deprecated, reason: "Inactive",
                message: "it pins version \(preset.spec.version), the template's active one is \(activeVersion)")
        case .pruned: Condition(.deprecated, reason: "Pruned", message: "its manifest is gone from git")
        case nil: nil
        }
    }

    private static func suspended(_ preset: Preset, _ pool: PoolPlan) -> Condition? {
        if let suspension = pool.suspension {
            return Condition(.suspended, reason: "ByOperator", message: "suspended \(suspension.sentence)")
        }
        guard preset.isSuspended else { return nil }
        return Condition(
            .suspended, reason: "ByManifest",
            message: "`suspended: true` in \(preset.origin.file):\(preset.origin.line)")
    }

    private static func invalid(_ preset: Preset, _ diagnostics: [Diagnostic]) -> Condition? {
        guard let error = diagnostics.first(where: { $0.severity == .error && $0.file == preset.origin.file }) else {
            return nil
        }
        return Condition(
            .invalid, reason: "ManifestInvalid",
            message: "the last good version is in force: \(error.location): \(error.message.limited(to: 300))")
    }

    /// What waits for somebody's leave, or for another commit.
    private static func deletionsHeld(_ preset: Preset, _ held: [HeldAction]) -> Condition? {
        let held = held.filter(\.hold.isOfDeletions)
        guard let first = held.first else { return nil }
        let reason =
            switch first.hold {
            case .confirm: "Confirm"
            case .retain: "Retain"
            case .pathEmptied: "PathEmptied"
            case .restoredStore: "StoreRestored"
            default: "GuardExceeded"
            }
        return Condition(
            .deletionsHeld, reason: reason, message: "\(held.count.counted("deletion")) held by \(first.hold.message)")
    }

    private static func limited(_ held: [HeldAction]) -> Condition? {
        let held = held.filter { !$0.hold.isOfDeletions }
        guard let first = held.first(where: \.hold.isOfInstances) ?? held.first else { return nil }
        let count = held.count { $0.hold == first.hold }
        return Condition(
            .limited, reason: first.hold.conditionReason,
            message: "\(count.counted(first.action.kind.rawValue)) held by \(first.hold.message)")
    }
}

extension Hold {
    fileprivate var conditionReason: String {
        switch self {
        case .observe: "Observed"
        case .freeze: "Frozen"
        case .timezone: "TimezoneUnknown"
        case .instancesPerPreset: "InstancesPerPreset"
        case .instancesPerSource: "InstancesPerSource"
        case .instances: "Instances"
        default: "ActionsPerTurn"
        }
    }

    /// The reasons of conditions that limits on the number of workspaces set.
    fileprivate static let reasonsOfInstances: Set<String> = [
        Hold.instancesPerPreset(0).conditionReason, Hold.instancesPerSource(0).conditionReason,
        Hold.instances(0).conditionReason,
    ]
}

extension Condition {
    /// Whether the limit of workspaces in all holds creates of the preset back.
    package var isOfLimitInAll: Bool { kind == .limited && reason == Hold.instances(0).conditionReason }
}

extension Optional<FailureRecord> {
    /// What the last failure said, as one line: of a long log its end.
    fileprivate var summary: String {
        let lines = self?.message.split(whereSeparator: \.isNewline) ?? []
        guard let last = lines.last else { return "no reason was given" }
        let line = lines.joined(separator: " ")
        return line.count > 200 && lines.count > 1 ? "\(lines[0]) … \(last.suffix(200))" : String(line.prefix(400))
    }
}

extension Int {
    /// `1 build`, `2 builds`
    package func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Deprecation {
    package func sentence(of subject: String) -> String {
        "\(subject) is deprecated" + (message.map { ": \($0.printable)" } ?? "")
            + (replacement.map { "; use \($0) in its place" } ?? "")
    }
}

extension PoolPlan {
    /// The pool is what its preset asks for, and nothing is on its way.
    package var isConverged: Bool {
        counts.eligible == counts.desired && counts.outdated == 0 && counts.extraneous == 0 && counts.expired == 0
            && counts.failed == counts.keptFailed
            && !counts.isInMotion
    }
}

extension PoolCounts {
    package var isInMotion: Bool { starting + stopping + deleting > 0 }
}
