package import PrewarmCore

/// The result of one review of the leases.
package struct LeaseReport: Sendable {
    /// The workspaces whose claims ended.
    package var ended: [Workspace] = []
    /// The time until the next lease has to be looked at; nil if no lease runs.
    package var next: Duration?
    /// The time that did not count for the leases since the last review, because renewals were impossible or the clock
    /// jumped.
    package var removed = Duration.zero
}

/// The review of leases: warnings and ends. A review without anything due only reads two rows. ``LeaseClocks`` knows the time
/// that does not count.
extension Engine {
    /// The time between two rounds that have to agree before most leases end at once, and between two looks at a lease
    /// whose end is held.
    static let leaseRound = Duration.seconds(30)
    /// The largest number of leases that one review changes.
    private static let reviewLimit = 500

    package func reviewLeases(_ watch: inout LeaseWatch) async throws -> LeaseReport {
        var clocks = LeaseClocks(self, watch)
        let (next, known) = try await store.read { (try $0.nextLeaseLook(), try $0.leaseClock()) }
        // Without a record, the time without a daemon would count for the first lease of the store.
        guard next != nil || known == nil && watch.serves else {
            watch.last = clocks.reading
            return LeaseReport()
        }
        clocks.noteHolder(of: known, isDead)
        let isDue = next.map { $0 <= clocks.now } ?? false
        guard !clocks.gaps(since: known).isEmpty || clocks.isDue(after: known) || isDue else {
            watch.last = clocks.reading
            return LeaseReport(next: next.map { $0 - clocks.now })
        }
        let found = clocks
        let report = try await store.write { store in
            // Another process may have removed the same time since.
            let known = try store.leaseClock()
            let gaps = found.isOlder(than: known) ? [] : found.gaps(since: known)
            for gap in gaps { try store.removeLeaseTime(gap, at: found.now) }
            if !gaps.isEmpty || found.isDue(after: known) { try store.save(found.record(after: known)) }
            var report = try review(at: found.now, in: store)
            report.removed = gaps.reduce(.zero, +)
            report.next = try store.nextLeaseLook().map { max($0 - found.now, .zero) }
            return report
        }
        // While the store accepts no writes, renewals are impossible, so a review that fails does not count as one.
        watch.last = clocks.reading
        for workspace in report.ended { observe(.claimEnded(workspace.preset, .expired)) }
        return report
    }

    private func review(at now: Timestamp, in store: any StoreWriter) throws -> LeaseReport {
        var ending: [(Claim, Workspace)] = []
        for var claim in try store.dueLeases(at: now, limit: Self.reviewLimit) {
            guard let workspace = try claim.workspace.flatMap({ try store.workspace($0.rawValue) }),
                workspace.state == .claimed, workspace.claim == claim.id, let step = claim.lease?.advance(at: now)
            else {
                // The workspace no longer belongs to the claim.
                claim.lease?.report()
                try store.save(claim)
                continue
            }
            switch step {
            case .none: try store.save(claim)
            case .warns:
                try store.save(claim)
                try store.append([Event(expiring: workspace, claim, at: now)])
            case .ends: ending.append((claim, workspace))
            }
        }
        return try end(ending, at: now, in: store)
    }

    /// Ends claims whose grace has passed, unless something holds their end.
    private func end(
        _ ending: [(claim: Claim, workspace: Workspace)], at now: Timestamp, in store: any StoreWriter
    ) throws -> LeaseReport {
        var report = LeaseReport()
        guard !ending.isEmpty else { return report }
        let isSuspect = try isSuspect(ending.map(\.claim), at: now, in: store)
        var holds = LeaseHolds(self, at: now)
        for (ended, workspace) in ending {
            var claim = ended
            if isSuspect, claim.lease?.suspectedAt == nil {
                claim.lease?.suspectedAt = now
                claim.lease?.postpone(until: now + Self.leaseRound)
                try store.save(claim)
            } else if try isUnheard(claim, of: workspace.spec.provisioner, at: now, in: store) {
                claim.lease?.postpone(until: now + Self.leaseRound)
                try store.save(claim)
            } else if claim.lease?.onExpiry == .report {
                claim.lease?.report()
                try store.save(claim)
                try store.append([
                    Event(.leaseExpired, .warning, of: workspace, "\(claim.expiry); it stays claimed", at: now)
                ])
            } else if try holds.isHeld(workspace.preset, in: store) {
                claim.lease?.postpone(until: now + Self.leaseRound)
                try store.save(claim)
            } else {
                let expired = ClaimEnding(
                    reason: .expired, operation: .leaseExpired, event: .leaseExpired, kind: .warning,
                    message: "\(claim.expiry); the workspace is deleted")
                report.ended.append(try end(workspace, expired, at: now, in: store))
            }
        }
        return report
    }

    /// Returns true if so many leases end at once that another round has to agree, and reports it the first time.
    private func isSuspect(_ ending: [Claim], at now: Timestamp, in store: any StoreWriter) throws -> Bool {
        let new = ending.count { $0.lease?.suspectedAt == nil }
        guard new > policy.deletionGuard.above else { return false }
        let counts = try store.leaseCounts(at: now)
        guard policy.deletionGuard.holds(counts.due, of: counts.running) else { return false }
        try store.append([
            Event(
                at: now, kind: .warning, reason: .expiriesSuspect, object: "store", name: "leases",
                message: "\(counts.due) of \(counts.running) leases would end at once, so prewarm waits "
                    + "\(Self.leaseRound.prewarmText) before it ends them")
        ])
        return true
    }
}

extension Claim {
    /// The sentence about the end of the lease, for example `the lease of ada ended at 2026-11-24T17:00:00Z`.
    fileprivate var expiry: String { "the lease of \(owner) ended at \((lease?.end ?? askedAt).inSentence)" }
}

extension Event {
    fileprivate init(expiring workspace: Workspace, _ claim: Claim, at now: Timestamp) {
        let end = (claim.lease?.end ?? now).inSentence
        let deletion = claim.lease?.deletesAt.map { ", and the workspace is deleted at \($0.inSentence)" } ?? ""
        self.init(
            .expiring, of: workspace,
            "the lease of \(claim.owner) ends at \(end)\(deletion); to extend it: `prewarm renew \(workspace.name)`",
            at: now)
    }
}
