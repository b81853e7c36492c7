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
    /// Approves the deletions that are held now. The next reconciliation carries them out, or the first one after a
    /// freeze. The approval covers exactly these workspaces: a further workspace, or a revision that changes one of the
    /// presets, needs another approval.
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
            let isRemoved = sources[name] == nil
            if isRemoved { try await retire(name) }
            let held = try await look(at: name, ignoresFreezes: true).plan.held
            let deletions = held.filter(\.hold.needsApproval).map(\.action)
            guard !deletions.isEmpty || isRemoved else { continue }
            let now = now()
            try await store.write { store in
                guard try store.source(name)?.applied == revision else {
                    throw ApprovalError.notApplied(revision.description, applied: [])
                }
                var record = try store.guardRecord(ofSource: name)
                var approval = record.approval ?? GuardRecord.Approval(workspaces: [], presets: [])
                approval.workspaces.formUnion(deletions.compactMap(\.workspace))
                approval.presets.formUnion(deletions.map(\.preset.name))
                record.approval = approval
                try store.save(record, ofSource: name)
                try store.append([
                    Event(
                        at: now, reason: .approved, object: "source", name: name, source: name,
                        message: "\(deletions.count.counted("deletion")) of \(revision.short) approved by \(by)")
                ])
                try store.markDirty(source: name)
            }
            approved.append((name, revision, deletions))
            if isRemoved { try await settle(name) }
        }
        if approved.isEmpty { throw ApprovalError.nothingHeld(source: meant[0].source, meant[0].revision) }
        return approved
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
