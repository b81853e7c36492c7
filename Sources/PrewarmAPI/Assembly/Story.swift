import PrewarmCore
import PrewarmEngine

/// The summary of a preset in sentences: its desired number, its workspaces, what it waits for and what happens next.
struct Story<Reader: Audience> {
    let audience: Reader
    let status: PresetStatus
    let report: ReconcileReport
    let zones: ZoneDirectory
    let now: Timestamp
    /// The number of waiting claims.
    let waiting: Int

    var sentences: [String] { [wish, possession] + oddities + conditions + next + changes }

    private var preset: Preset { status.preset }
    private var counts: PoolCounts { status.pool.counts }

    private var wish: String {
        if let retired = status.retirementMessage { return "No workspaces are desired: \(retired)." }
        let waiting = counts.waiting > 0 ? ", \(counts.waiting) more than without waiting claims" : ""
        let desired = counts.desired.workspaces("desired") + waiting
        guard let schedule = preset.schedule else { return "\(desired)." }
        return "\(desired) now, by the schedule in \(schedule.timezone); outside its windows \(preset.instances)."
    }

    private var possession: String {
        let rest = "\(counts.starting) starting, \(counts.deleting) deleting, \(counts.claimed) claimed."
        if let replacement = preset.redirect { return "Claims get workspaces of \(replacement); \(rest)" }
        if preset.retirement != nil { return "Claims are refused; \(rest)" }
        let versions = counts.claimableOlder > 0 ? " (\(counts.eligible) of the current version and not expired)" : ""
        return "\(counts.claimable.workspaces("claimable"))\(versions), \(rest)"
    }

    private var oddities: [String] {
        var sentences: [String] = []
        if waiting > 0 {
            sentences.append("\(waiting.counted("claim")) \(waiting == 1 ? "waits" : "wait") for a workspace.")
        }
        if counts.outdated > 0 {
            let isRolling = [.stalled, .backingOff, .suspended].allSatisfy { status[$0] == nil }
            let replaced = counts.outdated == 1 ? " and is being replaced" : " and are being replaced"
            sentences.append("\(counts.outdated.workspaces("outdated"))\(isRolling ? replaced : "").")
        }
        if counts.expired > 0 { sentences.append("\(counts.expired.workspaces("older than the ttl")).") }
        if counts.failed > 0 { sentences.append("\(counts.failed.counted("workspace")) failed to build.") }
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
        guard !actions.isEmpty else {
            let held = report.plan.held.count { $0.action.preset == preset.key }
            return [held == 0 ? "No action is due now." : "\(held.counted("action")) held, no other action is due now."]
        }
        return [.cancel, .delete, .create].flatMap { (kind: Action.Kind) in
            Dictionary(grouping: actions.filter { $0.kind == kind }, by: \.reason)
                .sorted { $0.key.rawValue < $1.key.rawValue }
                .map { reason, group in
                    "Next: \(kind.rawValue) \(group.count.counted("workspace")) (\(reason.rawValue))."
                }
        }
    }

    /// The next three changes of the schedule, and the next time at which the plan may change without an event.
    private var changes: [String] {
        var sentences: [String] = []
        if preset.retirement == nil, let schedule = preset.schedule,
            let zone = zones.rules(of: [schedule.timezone])[schedule.timezone]
        {
            var instant = now
            for _ in 0..<3 {
                guard let change = schedule.nextChange(after: instant, zone: zone) else { break }
                sentences.append(
                    "From \(change.at.inSentence) on, \((change.instances ?? preset.instances).workspaces("desired")).")
                instant = change.at
            }
        }
        if let next = status.pool.nextChange {
            sentences.append("If nothing else happens, the plan may change at \(next.inSentence).")
        }
        return sentences
    }
}

extension Int {
    /// `1 workspace is desired`, `2 workspaces are desired`
    fileprivate func workspaces(_ predicate: String) -> String {
        "\(counted("workspace")) \(self == 1 ? "is" : "are") \(predicate)"
    }
}
