package import PrewarmCore

/// Why an approval was refused.
package enum ApprovalError: Error, Sendable {
    /// No source has the revision in force.
    case notApplied(String, applied: [(source: String, revision: Revision)])
    case nothingHeld(source: String, Revision)
    /// Only sources have it that the configuration does not name any more: each is approved by its name.
    case notConfigured(Revision, sources: [String])
    /// The store is neither a restored copy nor new.
    case storeNotHeld
}

extension Engine {
    /// Lets the deletions that are held now go on, in the next turn, or after a freeze. It binds to the set: an instance
    /// more, or a revision that changes one of the presets, needs another approval.
    /// - Parameters:
    ///   - revision: the commit, or six of its digits or more; or as `main@sha1:…`.
    ///   - source: nil: of all sources of the configuration that have it.
    /// - Returns: for each source what was let go.
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
        // What was lost from the configuration is in no plan that somebody could have looked at.
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
                        at: now, reason: "Approved", object: "source", name: name, source: name,
                        message: "\(deletions.count) deletions of \(revision.short) approved by \(by)")
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
    /// `prewarm approve` lets it go on.
    package var needsApproval: Bool {
        switch self {
        case .deletionGuard, .pathEmptied, .confirm: true
        default: false
        }
    }
}
