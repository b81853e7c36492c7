import PrewarmCore

/// The stage that resolves the revision that a source should have now.
struct Resolver: Sendable {
    private let engine: Engine
    private let source: Engine.Source

    init(_ engine: Engine, _ source: Engine.Source) {
        self.engine = engine
        self.source = source
    }

    /// Returns the given revision, otherwise that of the pin, otherwise the commit that the ref of the source points to.
    /// Without a pull it is the applied revision; nil if the source is no longer in the configuration.
    /// - Throws: ``GitFailure``, also if the revision is already applied and its signature is no longer trusted.
    func resolve(_ request: ReconcileRequest, _ start: ReconcileStart) async throws -> Revision? {
        guard request.pull else { return engine.sources[source.name] == nil ? nil : start.record.applied }
        return try await resolve(request.revision, start)
    }

    /// - Parameter revision: A branch, tag or commit; nil for the pin or the configured ref.
    func resolve(_ revision: String?, _ start: ReconcileStart) async throws -> Revision {
        let target = try await named(revision, start.pin)
        if target == start.record.applied { try await source.git.verifyAgain(target) }
        if revision == nil, start.pin == nil, let branch = target.ref, let other = source.branchesOfOthers[branch] {
            throw GitFailure(
                .refused,
                "cannot follow HEAD of \(source.url): it is the branch \(branch), whose files the source \(other) reads",
                hint: "give the source \(source.name) its own `ref` or `path`, or remove one of the two sources; "
                    + "otherwise each pool would exist twice")
        }
        return target
    }

    private func named(_ revision: String?, _ pin: Pin?) async throws -> Revision {
        if let revision { return try await source.git.lookUp(revision) }
        if let pin { return try await source.git.lookUp(pin.commit) }
        return try await ObservedGit(engine, source).head()
    }
}
