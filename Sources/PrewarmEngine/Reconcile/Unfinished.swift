package import PrewarmCore

/// A pool that has not converged, with the reason.
package struct Unfinished: Sendable {
    package let pool: PoolPlan
    package let failure: FailureRecord?
    /// The hold of the first held action.
    package let held: Hold?
    /// The applied revision of the source, which an approval would name.
    package let revision: Revision?

    /// Returns the pools that have not converged, and those with a change that waits for an approval. Suspended and
    /// observed pools are left out.
    /// - Parameter name: The name of the only preset to look at; nil for all.
    package static func of(_ reports: [ReconcileReport], preset name: String?) -> [Unfinished] {
        reports.flatMap { report in
            let observed = report.observed
            let held = Dictionary(grouping: report.plan.held) { $0.action.preset }
            return zip(report.presets, report.plan.pools).compactMap { preset, pool -> Unfinished? in
                let waits = held[preset.key]?.contains(where: \.hold.needsApproval) == true
                guard waits || !pool.isFinished(preset, isObserved: observed.contains(preset.key)),
                    name == nil || preset.key.name == name
                else { return nil }
                return Unfinished(
                    pool: pool, failure: report.failures[preset.key], held: held[preset.key]?.first?.hold,
                    revision: report.revision)
            }
        }
    }

    package var isStalled: Bool { if case .stalled = pool.wait { true } else { false } }
    package var isBackingOff: Bool { if case .backoff = pool.wait { true } else { false } }

    /// Returns the text `go-large: 2 of 5 ready, 3 starting, 0 deleting`, with the reason of a wait or a hold.
    package func sentence(for audience: some Audience) -> String {
        let counts = pool.counts
        let readsLogs = audience.readsLogs(of: pool.preset)
        let message = readsLogs ? failure?.message.cause ?? Operation.withoutCause : Operation.withheldError
        let why: String
        switch pool.wait {
        case .stalled(let failures): why = ", stalled after \(words(for: failures)): \(message)"
        case .backoff(let until, let failures):
            why = ", backing off until \(until.inSentence) after \(words(for: failures)): \(message)"
        case _ where pool.outage != nil:
            let cause = readsLogs ? pool.outage?.cause ?? "" : Operation.withheldError
            why = ", creates wait because the provisioner \(pool.outage?.provisioner ?? "") is unavailable: \(cause)"
        case .canary: why = ", waiting until the first workspace of the new version is ready"
        case nil where counts.isInMotion: why = ", \(counts.starting) starting, \(counts.deleting) deleting"
        case nil: why = held.map { ", held by \($0.message(at: revision))" } ?? ""
        }
        let older = counts.claimableOlder > 0 ? " (and \(counts.claimableOlder) older)" : ""
        return "\(pool.preset.name): \(counts.eligible) of \(counts.desired) ready\(older)" + why
    }

    private func words(for failures: Int) -> String { failures == 1 ? "1 failure" : "\(failures) failures" }
}
