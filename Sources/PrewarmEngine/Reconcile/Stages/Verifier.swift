import PrewarmCore

/// The stage that checks a fetched revision before it is applied.
struct Verifier: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// Verifies the signatures that the configuration requires, and checks whether history was rewritten.
    ///
    /// The history is compared only if both revisions were found by the same branch or tag. A source that is pinned, that
    /// follows another ref now, or that an operator sent to a commit may apply any commit.
    /// - Returns: The events to record together with the change.
    /// - Throws: ``GitFailure`` with the reason `VerificationFailed` or `HistoryRewritten`, or the reason why the
    ///   repository could not be read.
    func verify(_ arrival: Arrival, _ start: ReconcileStart) async throws(GitFailure) -> [Event] {
        let target = arrival.revision
        // The applied revision counts only if it came from the same repository.
        let applied = start.record.url == source.url ? start.record.applied : nil
        try await source.git.verify(target, since: applied)
        guard let applied, let ref = applied.ref, let next = target.ref, applied.commit != target.commit else {
            return []
        }
        let isOfRange = ref != next && source.git.isOfRange(ref) && source.git.isOfRange(next)
        guard ref == next || isOfRange else { return [] }
        let isForward =
            if let step = arrival.step { step.isForward } else { try await source.git.isAncestor(applied, of: target) }
        if isForward { return [] }
        let message =
            isOfRange
            ? "the history of \(target.short) does not contain \(applied.short)"
            : "the history of \(ref) was rewritten: \(target.short) does not contain \(applied.short)"
        if source.requiresFastForward {
            throw GitFailure(
                .historyRewritten, message,
                hint: isOfRange
                    ? "find out who created or deleted a tag; to apply it anyway: `prewarm sync --rev \(target.commit.prefix(8))`"
                    : "find out who force-pushed; to apply it anyway: `prewarm sync --rev \(target.commit.prefix(8))`")
        }
        // Versions on several branches are usual. A step back to an older version, since a tag was deleted, is not.
        if isOfRange, try await !source.git.isAncestor(target, of: applied) { return [] }
        return [
            Event(
                at: engine.now(), kind: .warning, reason: .historyRewritten, object: "source",
                name: source.name, source: source.name, message: message)
        ]
    }

    /// Checks the revision of a plan that is only shown, and returns the findings as warnings. A revision that the user
    /// named is planned even if it is not trusted; then the warning says that a sync would refuse it.
    func remarks(
        on arrival: Arrival, _ start: ReconcileStart, isAskedFor: Bool
    ) async throws(GitFailure) -> [Diagnostic] {
        do throws(GitFailure) {
            return try await verify(arrival, start).map { Diagnostic(.warning, $0.message) }
        } catch  where isAskedFor && [.verificationFailed, .historyRewritten].contains(error.reason) {
            return [Diagnostic(.warning, "a sync would refuse this revision: \(error.message)", hint: error.hint)]
        }
    }
}
