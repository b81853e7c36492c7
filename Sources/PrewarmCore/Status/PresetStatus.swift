/// An applied preset with its pool and conditions. `prewarm get presets` shows it.
package struct PresetStatus: Sendable {
    package let preset: Preset
    package let pool: PoolPlan
    package let failure: FailureRecord?
    /// The revision that `prewarm approve` would name; nil if it is not known.
    package let revision: Revision?
    package private(set) var conditions: [Condition]
    /// The failed handovers in a row; nil if the last handover succeeded.
    private let handovers: HandoverFailures?

    /// - Parameters:
    ///   - held: the held actions of this preset.
    ///   - diagnostics: the diagnostics of the preset's source. An error in the preset's file means that its last valid
    ///     version is applied.
    ///   - earlier: the conditions of the last reconciliation. A condition keeps its time if its status is the same.
    ///   - now: the time of the other conditions; nil if it is unknown.
    ///   - revision: see ``revision``.
    ///   - handovers: see ``handovers``.
    ///   - isActing: true if the plan has an action for this preset that is not held.
    package init(
        preset: Preset, pool: PoolPlan, failure: FailureRecord?, held: [HeldAction], diagnostics: [Diagnostic],
        earlier: [Condition] = [], now: Timestamp? = nil, revision: Revision? = nil, isActing: Bool = false,
        handovers: HandoverFailures? = nil
    ) {
        self.handovers = handovers
        self.preset = preset
        self.pool = pool
        self.failure = failure
        self.revision = revision
        var conditions = [Self.ready(preset, pool)]
        let isHeld = !isActing && held.keepEverything
        conditions += [
            isHeld && !pool.counts.isInMotion ? nil : Self.reconciling(preset, pool),
            Self.stalled(preset, pool, failure, failure.summary),
            Self.backingOff(pool, failure.summary),
            Self.unavailable(pool, cause: pool.outage?.cause ?? ""),
            Self.handoverFailing(preset, handovers, handovers?.message.cause ?? Operation.withoutCause),
            Self.claimUnhealthy(pool), Self.deprecated(preset), Self.suspended(preset, pool),
            Self.invalid(preset, diagnostics),
            Self.deletionsHeld(held, revision), Self.limited(held, pool),
        ].compactMap { $0 }
        for index in conditions.indices {
            let condition = conditions[index]
            let same = earlier.first { $0.kind == condition.kind && $0.status == condition.status }
            conditions[index].since = same?.since ?? now
        }
        self.conditions = conditions
    }

    /// The reason why the pool is scaled to zero; nil if the preset is not retired.
    package var retirementMessage: String? {
        preset.retirement == .pruned ? Self.prunedMessage : self[.deprecated]?.message
    }

    private static let prunedMessage = "the preset was removed from git"

    package subscript(_ kind: Condition.Kind) -> Condition? { conditions.first { $0.kind == kind } }

    /// The conditions for readers without access to the logs of provisioners: errors of builds are left out.
    package var conditionsWithoutLogs: [Condition] {
        conditions.map { condition in
            var shown =
                switch condition.kind {
                case .stalled: Self.stalled(preset, pool, failure, Operation.withheldError) ?? condition
                case .backingOff: Self.backingOff(pool, Operation.withheldError) ?? condition
                case .provisionerUnavailable: Self.unavailable(pool, cause: Operation.withheldError) ?? condition
                case .handoverFailing:
                    Self.handoverFailing(preset, handovers, Operation.withheldError) ?? condition
                default: condition
                }
            shown.since = condition.since
            return shown
        }
    }

    /// False if an operator should look at the preset: it is stalled, invalid or backing off, its
    /// provisioner is unavailable, deletions wait for an
    /// approval, a limit keeps its pool below the desired number, or a time zone that cannot be read holds its pool.
    package var isHealthy: Bool {
        self[.stalled] == nil && self[.invalid] == nil && self[.backingOff] == nil && self[.handoverFailing] == nil
            && self[.provisionerUnavailable] == nil && self[.claimUnhealthy] == nil && !isShortByLimit
            && pool.unreadableZone == nil
            && (self[.deletionsHeld]?.reason ?? ConditionReason.retain.rawValue) == ConditionReason.retain.rawValue
    }

    private var isShortByLimit: Bool {
        self[.ready]?.status == .no && Hold.reasonsOfInstances.contains(self[.limited]?.reason ?? "")
    }

    private static func ready(_ preset: Preset, _ pool: PoolPlan) -> Condition {
        let counts = pool.counts
        if counts.desired == 0 {
            let rest = pool.unclaimed == 0 ? "" : "; \(pool.unclaimed.counted("unclaimed workspace")) left"
            return preset.retirement == .pruned
                ? Condition(.ready, reason: .pruned, message: prunedMessage + rest)
                : Condition(.ready, reason: .scaledToZero, message: "0 workspaces are desired" + rest)
        }
        let message =
            counts.claimableOlder == 0
            ? "\(counts.eligible) of \(counts.desired) workspaces are claimable"
            : "\(counts.claimable) workspaces are claimable; \(counts.eligible) of \(counts.desired) have the current "
                + "version and have not expired"
        let waiting = counts.waiting > 0 ? "; \(counts.waiting) more are desired for waiting claims" : ""
        return counts.eligible >= counts.desired
            ? Condition(.ready, reason: .atDesired, message: message + waiting)
            : Condition(.ready, .no, reason: .belowDesired, message: message + waiting)
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
        if pool.wait == .canary { parts.append("waits until the first workspace of the new version is ready") }
        if counts.extraneous > 0 { parts.append("\(counts.extraneous) above the desired number") }
        if counts.unhealthy > 0 { parts.append("\(counts.unhealthy) unhealthy") }
        let broken = counts.failed - counts.keptFailed
        if broken > 0 { parts.append("\(broken) failed to build") }
        let reason: ConditionReason =
            if case .backoff = pool.wait { .progressingWithRetry } else if preset.retirement != nil {
                .draining
            } else if counts.outdated > 0 { .rollingOut } else { .progressing }
        return Condition(.reconciling, reason: reason, message: parts.joined(separator: ", "))
    }

    private static func stalled(
        _ preset: Preset, _ pool: PoolPlan, _ failure: FailureRecord?, _ cause: String
    ) -> Condition? {
        guard case .stalled(let failures) = pool.wait else { return nil }
        return Condition(
            .stalled, reason: .failureLimit,
            message:
                "\(failures.counted("build")) in a row failed (failureLimit: \(preset.failureLimit)): \(cause). "
                + "To try again now: `prewarm retry \(preset.key.name)`, or change its version or parameters"
                + (failure.map { ". Next try: \($0.retryAt.inSentence)" } ?? ""))
    }

    private static func backingOff(_ pool: PoolPlan, _ cause: String) -> Condition? {
        guard case .backoff(let until, let failures) = pool.wait else { return nil }
        return Condition(
            .backingOff, reason: .createFailed,
            message: "\(failures.counted("build")) in a row failed: \(cause). Next try: \(until.inSentence)")
    }

    private static func unavailable(_ pool: PoolPlan, cause: String) -> Condition? {
        pool.outage.map {
            Condition(.provisionerUnavailable, reason: .outage, message: $0.sentence(cause: cause))
        }
    }

    private static func handoverFailing(
        _ preset: Preset, _ handovers: HandoverFailures?, _ cause: String
    ) -> Condition? {
        guard let handovers, handovers.count >= preset.failureLimit else { return nil }
        return Condition(
            .handoverFailing, reason: .handoverFailed,
            message: "\(handovers.count.counted("handover")) in a row failed (failureLimit: \(preset.failureLimit)): "
                + "\(cause). The next one that succeeds ends this")
    }

    private static func claimUnhealthy(_ pool: PoolPlan) -> Condition? {
        guard pool.brokenClaims > 0 else { return nil }
        let verb = pool.brokenClaims == 1 ? "is" : "are"
        return Condition(
            .claimUnhealthy, reason: .claimedBroken,
            message:
                "\(pool.brokenClaims.counted("claimed workspace")) \(verb) lost or unhealthy; prewarm does not touch "
                + "claimed workspaces")
    }

    private static func deprecated(_ preset: Preset) -> Condition? {
        switch preset.retirement {
        case .deprecated(let deprecation):
            Condition(.deprecated, reason: .deprecated, message: deprecation.sentence(of: "the preset"))
        case .templateDeprecated(let deprecation):
            Condition(
                .deprecated, reason: .templateDeprecated,
                message: deprecation.sentence(of: "its template \(preset.spec.template)"))
        case .inactive(let activeVersion):
            Condition(
                .deprecated, reason: .inactive,
                message: "the preset has version \(preset.spec.version), but the active version of its template "
                    + "\(preset.spec.template) is \(activeVersion)")
        case .pruned, nil: nil
        }
    }

    private static func suspended(_ preset: Preset, _ pool: PoolPlan) -> Condition? {
        if let suspension = pool.suspension {
            return Condition(.suspended, reason: .byOperator, message: "suspended \(suspension.sentence)")
        }
        guard preset.isSuspended else { return nil }
        return Condition(
            .suspended, reason: .byManifest,
            message: "`suspended: true` in \(preset.origin.file):\(preset.origin.line)")
    }

    private static func invalid(_ preset: Preset, _ diagnostics: [Diagnostic]) -> Condition? {
        guard let error = diagnostics.first(where: { $0.severity == .error && $0.file == preset.origin.file }) else {
            return nil
        }
        return Condition(
            .invalid, reason: .manifestInvalid,
            message: "the last valid version stays applied: \(error.location): \(error.message.limited(to: 300))")
    }

    /// The deletions that wait for an approval or for another commit.
    private static func deletionsHeld(_ held: [HeldAction], _ revision: Revision?) -> Condition? {
        let held = held.filter(\.hold.isOfDeletions)
        guard let first = held.first else { return nil }
        let reason: ConditionReason =
            switch first.hold {
            case .confirm: .confirm
            case .retain: .retain
            case .pathEmptied: .pathEmptied
            case .restoredStore: .storeRestored
            default: .guardExceeded
            }
        return Condition(
            .deletionsHeld, reason: reason,
            message: "\(held.count.counted("deletion")) held by \(first.hold.message(at: revision))")
    }

    private static func limited(_ held: [HeldAction], _ pool: PoolPlan) -> Condition? {
        let held = held.filter { !$0.hold.isOfDeletions }
        guard let first = held.first(where: \.hold.isOfInstances) ?? held.first else {
            return pool.unreadableZone.map { zone in
                let hold = Hold.timezone(zone)
                return Condition(.limited, reason: hold.conditionReason, message: "changes are held by \(hold.message)")
            }
        }
        let alike = held.filter { $0.hold == first.hold }
        let purpose = alike.allSatisfy { $0.action.reason == .waitingClaim } ? " for waiting claims" : ""
        return Condition(
            .limited, reason: first.hold.conditionReason,
            message: "\(alike.count.counted(first.action.kind.rawValue))\(purpose) held by \(first.hold.message)")
    }
}

extension [HeldAction] {
    /// True if there are held actions and none of them follows in the next reconciliation by itself.
    fileprivate var keepEverything: Bool {
        !isEmpty && allSatisfy { if case .actionsPerTurn = $0.hold { false } else { true } }
    }
}

extension Hold {
    fileprivate var conditionReason: ConditionReason {
        switch self {
        case .observe: .observed
        case .freeze: .frozen
        case .timezone: .timezoneUnknown
        case .instancesPerPreset: .instancesPerPreset
        case .instancesPerSource: .instancesPerSource
        case .instances: .instances
        default: .actionsPerTurn
        }
    }

    /// The reasons of `Limited` conditions that limits on the number of workspaces cause.
    fileprivate static let reasonsOfInstances: Set<String> = [
        ConditionReason.instancesPerPreset.rawValue, ConditionReason.instancesPerSource.rawValue,
        ConditionReason.instances.rawValue,
    ]
}

extension Condition {
    /// True if the limit on the workspaces of all sources holds creates of the preset.
    package var isOfLimitInAll: Bool { kind == .limited && reason == ConditionReason.instances.rawValue }
}

extension Optional<FailureRecord> {
    /// The cause of the last failure on one line.
    fileprivate var summary: String { self?.message.cause ?? Operation.withoutCause }
}

extension Int {
    /// Returns the number with a noun, for example `1 build` or `2 builds`.
    package func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Deprecation {
    /// Returns a sentence for people, for example `the preset is deprecated: too small. Use go-xl instead`.
    package func sentence(of subject: String) -> String {
        "\(subject) is deprecated" + (message.map { ": \($0.printable)" } ?? "")
            + (replacement.map { redirects ? ". Claims get workspaces of \($0)" : ". Use \($0) instead" } ?? "")
    }
}

extension PoolPlan {
    /// True if the pool is what its preset asks for and no workspace of it is starting or being deleted.
    package var isConverged: Bool {
        counts.eligible == counts.desired && counts.outdated == 0 && counts.extraneous == 0 && counts.expired == 0
            && counts.failed == counts.keptFailed && counts.unhealthy == 0
            && !counts.isInMotion
    }
}

extension PoolCounts {
    /// True if a workspace is starting or being deleted.
    package var isInMotion: Bool { starting + deleting > 0 }
}
