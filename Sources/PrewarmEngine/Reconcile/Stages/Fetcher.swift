import PrewarmCore

/// A revision that was fetched into the mirror.
struct Arrival: Sendable {
    let revision: Revision
    /// The step from the applied revision, if only changed files may have to be read.
    var step: RevisionStep?
}

/// The stage that fetches a revision into the mirror.
struct Fetcher: Sendable {
    private let engine: Engine
    private let source: Engine.Source
    /// The largest number of changed files that are read one by one. Reading all manifests is as fast for more.
    private static let fewFiles = 500

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    func fetch(_ target: Revision, _ start: ReconcileStart) async throws(GitFailure) -> Arrival {
        let git = ObservedGit(engine, source)
        guard engine.isIncremental, let applied = start.record.applied, start.record.inputs == start.inputs else {
            try await git.fetch(target)
            return Arrival(revision: target)
        }
        let limit = ChangeLimit(files: Self.fewFiles, bytes: engine.parser.sizeLimit)
        return Arrival(revision: target, step: try await git.step(from: applied, to: target, limit: limit))
    }
}
