package import PrewarmCore

/// Why an approval was refused.
package enum ApprovalError: Error, Sendable {
    /// No source has the revision in force.
    case notApplied(String, applied: [(source: String, revision: Revision)])
    case nothingHeld(source: String, Revision)
}

extension Engine {
    /// Lets the deletions that are held now go on, in the next turn. It binds to the revision and to the set: another
    /// revision, or an instance more, needs another approval.
    /// - Parameter revision: the commit, or six of its digits or more; or as `main@sha1:…`.
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
        guard !named.isEmpty else { throw ApprovalError.notApplied(revision, applied: applied) }
        var approved: [(source: String, revision: Revision, deletions: [Action])] = []
        for (name, revision) in named {
            let isRemoved = sources[name] == nil
            if isRemoved { try await retire(name) }
            let deletions = try await assess(name).plan.held.filter(\.hold.needsApproval).map(\.action)
            guard !deletions.isEmpty || isRemoved else { continue }
            let now = now()
            let approval = GuardRecord.Approval(
                revision: revision.description, workspaces: deletions.compactMap(\.workspace), by: by, at: now)
            try await store.write { store in
                guard try store.source(name)?.applied == revision else {
                    throw ApprovalError.notApplied(revision.description, applied: [])
                }
                var record = try store.guardRecord(ofSource: name)
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
        if approved.isEmpty, let first = named.first {
            throw ApprovalError.nothingHeld(source: first.source, first.revision)
        }
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
