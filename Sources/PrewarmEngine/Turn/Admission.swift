import PrewarmCore

/// Whether a revision that was fetched may be put in force.
extension Engine {
    /// Asks for the signatures that the configuration wants, and whether history was rewritten.
    ///
    /// Two revisions are of one history only where both were found by the same branch or tag: a source that is pinned,
    /// that follows another ref now, or that an operator sent to a commit, goes where it was told.
    /// - Parameters:
    ///   - record: of the source, with what is in force; that counts only where it came from the same repository.
    ///   - step: from what is in force, where it is known.
    /// - Returns: what is to be told along with the change.
    /// - Throws: `VerificationFailed`, `HistoryRewritten`, and what keeps the repository from being read.
    func admit(
        _ target: Revision, of source: Source, after record: SourceRecord, step: RevisionStep? = nil
    ) async throws(GitFailure) -> [Event] {
        let applied = record.url == source.url ? record.applied : nil
        try await source.git.verify(target, since: applied)
        guard let applied, let ref = applied.ref, let next = target.ref, applied.commit != target.commit else {
            return []
        }
        let isOfRange = ref != next && source.git.isOfRange(ref) && source.git.isOfRange(next)
        guard ref == next || isOfRange else { return [] }
        let isForward =
            if let step { step.isForward } else { try await source.git.isAncestor(applied, of: target) }
        if isForward { return [] }
        let message =
            isOfRange
            ? "\(target.short) does not have \(applied.short) in it"
            : "the history of \(ref) was rewritten: \(target.short) does not have \(applied.short) in it"
        if source.requiresFastForward {
            throw GitFailure(
                .historyRewritten, message,
                hint: isOfRange
                    ? "find out who made or took away a tag; `prewarm sync --rev \(target.commit)` applies it all the same"
                    : "find out who pushed by force; `prewarm sync --rev \(target.commit)` applies it all the same")
        }
        // Versions of several branches are usual; one that is gone is not.
        if isOfRange, try await !source.git.isAncestor(target, of: applied) { return [] }
        return [
            Event(
                at: now(), kind: .warning, reason: GitFailure.Reason.historyRewritten.rawValue, object: "source",
                name: source.name, source: source.name, message: message)
        ]
    }

    /// The same for a plan that is only looked at. A revision that somebody asked for is shown, trusted or not.
    func remarks(on target: Revision, of source: Source, after record: SourceRecord, isAskedFor: Bool)
        async throws(GitFailure) -> [Diagnostic]
    {
        do throws(GitFailure) {
            return try await admit(target, of: source, after: record).map { Diagnostic(.warning, $0.message) }
        } catch  where isAskedFor && [.verificationFailed, .historyRewritten].contains(error.reason) {
            return [Diagnostic(.warning, "a sync would refuse it: \(error.message)", hint: error.hint)]
        }
    }
}
