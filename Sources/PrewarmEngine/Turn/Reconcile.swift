import PrewarmCore

extension Engine {
    /// The part of a turn that holds the lease: reads the revision, then decides and commits in one transaction.
    /// - Parameter record: as it was when the lease was taken; nobody else changes what is in force since.
    func reconcile(
        _ source: Source, record: SourceRecord, target: Revision?, hasPulled: Bool, lease: Lease, preset: String?,
        expected: String?, report: inout TurnReport
    ) async throws {
        var desired: Desired?
        var events: [Event] = []
        if report.failure == nil, let target, target != record.applied || record.inputs != inputs(of: source) {
            do {
                try await fetch(target, of: source)
                events = try await admit(target, of: source, after: record)
                desired = try await self.desired(at: target, since: record, of: source)
                report.revision = target
            } catch let failure as GitFailure {
                report.failure = failure
            }
        }
        if let failure = report.failure {
            try await note(failure, of: source)
            if record.applied == nil { return await release(lease, of: source) }
        }
        let turn = TurnCommit(
            engine: self, source: source, lease: lease, desired: desired, revision: report.revision, preset: preset,
            expected: expected, isRecovered: hasPulled && report.failure == nil, now: now())
        let failure = report.failure
        report = try await store.write { [events] store in
            if !events.isEmpty { try store.append(events) }
            return try turn.run(in: store)
        }
        report.failure = failure
        report.hasReadManifests = turn.desired != nil
    }
}
