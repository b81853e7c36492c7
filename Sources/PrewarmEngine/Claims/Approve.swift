package import PrewarmCore

/// The reason why an approval was refused.
package enum ApprovalError: Error, Sendable {
    /// No source has applied the revision.
    case notApplied(String, applied: [(source: String, revision: Revision)])
    case nothingHeld(source: String, Revision)
    /// Only sources that are no longer in the configuration have applied the revision. Their deletions need an approval
    /// that names the source.
    case notConfigured(Revision, sources: [String])
    /// The store is neither a restored copy nor new.
    case storeNotHeld
}

extension Engine {
    /// Approves the changes that wait now. The next reconciliation carries them out, or the first one after a freeze. The
    /// approval covers these changes of these presets: a revision that changes one of the presets again needs another one.
    /// - Parameters:
    ///   - revision: A commit, its first digits (six or more), or a whole revision (`main@sha1:…`).
    ///   - source: The source to approve for; nil for all configured sources that have applied the revision.
    /// - Returns: The approved deletions of each source.
    /// - Throws: ``ApprovalError``
    package func approve(
        _ revision: String, source: String? = nil, by: String
    ) async throws -> [(source: String, revision: Revision, deletions: [Action])] {
        let records = try await store.read { try $0.sources() }.filter { source == nil || $0.name == source }
        let applied = records.compactMap { record in record.applied.map { (source: record.name, revision: $0) } }
        let digits = revision.split(separator: ":").last.map(String.init) ?? revision
        let named = applied.filter {
            $0.revision.description == revision || digits.count >= 6 && $0.revision.commit.hasPrefix(digits)
        }
        guard let first = named.first else { throw ApprovalError.notApplied(revision, applied: applied) }
        // `prewarm plan` does not show sources that are not in the configuration, so an approval has to name them.
        let meant = named.filter { source != nil || sources[$0.source] != nil }
        if meant.isEmpty { throw ApprovalError.notConfigured(first.revision, sources: named.map(\.source)) }
        var approved: [(source: String, revision: Revision, deletions: [Action])] = []
        for (name, revision) in meant {
            let deletions =
                sources[name] == nil
                ? try await approveRemoval(of: name, at: revision, by: by)
                : try await approveHeld(of: name, at: revision, by: by)
            if let deletions { approved.append((name, revision, deletions)) }
        }
        if approved.isEmpty { throw ApprovalError.nothingHeld(source: meant[0].source, meant[0].revision) }
        return approved
    }

    /// Returns the approved deletions; nil if nothing waits.
    private func approveHeld(of source: String, at revision: Revision, by: String) async throws -> [Action]? {
        let now = now()
        return try await store.write { store in
            guard try store.source(source)?.applied == revision else {
                throw ApprovalError.notApplied(revision.description, applied: [])
            }
            var record = try store.guardRecord(ofSource: source)
            guard !record.held.isEmpty else { return nil }
            for (name, held) in record.held {
                let stored = try store.presets([PresetKey(source: source, name: name)])?.first
                record.approvals[name] =
                    GuardedChange(
                        stored: record.unjudged[name] ?? stored, proposal: held.proposal
                    ).digest
            }
            try store.save(record, ofSource: source)
            let deletions = record.heldActions.map(\.action)
            try note(deletions, of: source, at: revision, by: by, now, in: store)
            return deletions
        }
    }

    /// Gives the pools of a source up that is no longer in the configuration.
    private func approveRemoval(of source: String, at revision: Revision, by: String) async throws -> [Action] {
        try await retire(source)
        let deletions = try await assess(source).plan.actions.filter { $0.kind == .delete }
        let now = now()
        try await store.write { try note(deletions, of: source, at: revision, by: by, now, in: $0) }
        try await settle(source)
        return deletions
    }

    private func note(
        _ deletions: [Action], of source: String, at revision: Revision, by: String, _ now: Timestamp,
        in store: any StoreWriter
    ) throws {
        try store.append([
            Event(
                at: now, reason: .approved, object: "source", name: source, source: source,
                message: "\(deletions.count.counted("deletion")) of \(revision.short) approved by \(by)")
        ])
        try store.markDirty(source: source)
    }
}

extension Hold {
    /// Returns true if `prewarm approve` ends the hold.
    package var needsApproval: Bool {
        switch self {
        case .deletionGuard, .pathEmptied, .confirm: true
        default: false
        }
    }
}
