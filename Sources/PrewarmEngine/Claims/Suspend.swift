package import PrewarmCore

extension Engine {
    /// Stops acting on presets; what runs already ends, what waits goes on waiting, claims go on.
    package func suspend(_ scope: Suspension.Scope, reason: String?, by: String, until: Timestamp?) async throws {
        let now = now()
        try await store.write { store in
            try store.save(Suspension(scope: scope, reason: reason, by: by, since: now, until: until))
            try note("Suspended", scope, "by \(by)" + (reason.map { ": \($0)" } ?? ""), at: now, in: store)
        }
    }

    /// Goes on acting. False where nothing was suspended by this scope.
    package func resume(_ scope: Suspension.Scope, by: String) async throws -> Bool {
        let now = now()
        return try await store.write { store in
            guard try store.suspensions().contains(where: { $0.scope == scope }) else { return false }
            try store.forget(scope)
            try note("Resumed", scope, "by \(by)", at: now, in: store)
            return true
        }
    }

    private func note(
        _ reason: String, _ scope: Suspension.Scope, _ message: String, at now: Timestamp, in store: any StoreWriter
    ) throws {
        let (object, name, source, preset): (String, String, String?, String?) =
            switch scope {
            case .preset(let key): ("preset", key.name, key.source, key.name)
            case .source(let name): ("source", name, name, nil)
            case .all: ("source", "all", nil, nil)
            }
        try store.append([
            Event(at: now, reason: reason, object: object, name: name, source: source, preset: preset, message: message)
        ])
        for name in source.map({ [$0] }) ?? Array(sources.keys) { try store.markDirty(source: name) }
    }
}
