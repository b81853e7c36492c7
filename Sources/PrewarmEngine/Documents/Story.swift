import PrewarmCore

/// What a preset wants, has and waits for, and what comes next, in sentences.
struct Story<Reader: Audience> {
    let audience: Reader
    let status: PresetStatus
    let report: TurnReport
    let zones: ZoneDirectory
    let now: Timestamp

    var sentences: [String] { [wish, possession] + oddities + conditions + next + changes }

    private var preset: Preset { status.preset }
    private var counts: PoolCounts { status.pool.counts }

    private var wish: String {
        if let retired = status[.deprecated] { return "It wants none: \(retired.message)." }
        guard let schedule = preset.schedule else { return "It wants \(counts.desired)." }
        return
            "It wants \(counts.desired) now, by its schedule in \(schedule.timezone); outside its windows \(preset.instances)."
    }

    private var possession: String {
        let rest = "\(counts.starting) starting, \(counts.deleting) deleting, \(counts.claimed) claimed."
        if preset.retirement != nil { return "It hands none out; \(rest)" }
        let versions = counts.claimableOlder > 0 ? " (\(counts.eligible) of the current version and not expired)" : ""
        return "It has \(counts.claimable) ready to be claimed\(versions), \(rest)"
    }

    private var oddities: [String] {
        var sentences: [String] = []
        if counts.outdated > 0 {
            let isRolling = [.stalled, .backingOff, .suspended].allSatisfy { status[$0] == nil }
            sentences.append(
                "\(counts.outdated) are of an older fingerprint\(isRolling ? " and are being replaced" : "").")
        }
        if counts.expired > 0 { sentences.append("\(counts.expired) are older than the ttl.") }
        if counts.failed > 0 { sentences.append("\(counts.failed) failed to build.") }
        return sentences
    }

    private var conditions: [String] {
        let conditions = status.conditions(for: audience)
        return [.stalled, .backingOff, .suspended, .deletionsHeld, .limited, .invalid].compactMap {
            (kind: Condition.Kind) in
            conditions.first { $0.kind == kind }.map { "\(kind.rawValue): \($0.message)." }
        }
    }

    private var next: [String] {
        let actions = report.plan.actions.filter { $0.preset == preset.key }
        guard !actions.isEmpty else { return ["Nothing is to be done now."] }
        return [.cancel, .delete, .create].flatMap { (kind: Action.Kind) in
            Dictionary(grouping: actions.filter { $0.kind == kind }, by: \.reason)
                .sorted { $0.key.rawValue < $1.key.rawValue }
                .map { reason, group in "Next: \(kind.rawValue) \(group.count), \(reason.rawValue)." }
        }
    }

    /// What the schedule brings, and the next moment at which the plan changes by itself.
    private var changes: [String] {
        var sentences: [String] = []
        if preset.retirement == nil, let schedule = preset.schedule,
            let zone = zones.rules(of: [schedule.timezone])[schedule.timezone]
        {
            var instant = now
            for _ in 0..<3 {
                guard let change = schedule.nextChange(after: instant, zone: zone) else { break }
                sentences.append("From \(change.at) on it wants \(change.instances ?? preset.instances).")
                instant = change.at
            }
        }
        if let next = status.pool.nextChange {
            sentences.append("If nothing else happens, its plan may change at \(next).")
        }
        return sentences
    }
}
