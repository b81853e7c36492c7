import PrewarmCore

extension Engine {
    /// The part of a turn that holds the lease: reads the revision, then decides and commits in one transaction.
    func reconcile(
        _ source: Source, record: SourceRecord, target: Revision?, hasPulled: Bool, lease: Lease, preset: String?,
        expected: String?, report: inout TurnReport
    ) async throws {
        var desired: Desired?
        var commit: CommitDescription?
        var events: [Event] = []
        let previous = try await inForce(of: source.name)
        if report.failure == nil, let target, target != record.applied || record.inputs != inputs(of: source) {
            do {
                try await fetch(target, of: source)
                events = try await admit(target, of: source, after: record)
                desired = try await self.desired(at: target, of: source, previous: previous)
                desired?.catalog.diagnostics += try await source.git.warnings(at: target)
                commit = try await source.git.commit(of: target)
                report.revision = target
            } catch let failure as GitFailure {
                report.failure = failure
            }
        }
        if let failure = report.failure {
            try await note(failure, of: source)
            if record.applied == nil { return await release(lease, of: source) }
        }
        let presets = desired?.catalog.presets ?? previous.presets
        let turn = TurnCommit(
            engine: self, source: source, lease: lease, desired: desired, commit: commit, previous: previous,
            presets: presets, revision: report.revision, preset: preset, expected: expected,
            isRecovered: hasPulled && report.failure == nil,
            planner: planner(for: presets))
        let failure = report.failure
        report = try await store.write { [events] store in
            if !events.isEmpty { try store.append(events) }
            return try turn.run(in: store)
        }
        report.failure = failure
        report.hasReadManifests = turn.desired != nil
    }
}
