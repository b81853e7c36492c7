package import PrewarmCore

extension Engine {
    /// Suspends presets. Running operations finish, pending ones wait, and workspaces stay claimable.
    /// - Parameter until: The time at which the suspension ends; nil if only ``resume(_:by:)`` ends it.
    package func suspend(_ scope: Suspension.Scope, reason: String?, by: String, until: Timestamp?) async throws {
        let now = now()
        try await store.write { store in
            try store.save(Suspension(scope: scope, reason: reason, by: by, since: now, until: until))
            let message = "suspended by \(by)" + (reason.map { ": \($0)" } ?? "")
            try note(.suspended, scope, message, at: now, in: store)
        }
    }

    /// Ends the suspension of exactly this scope. Returns false if there was none.
    package func resume(_ scope: Suspension.Scope, by: String) async throws -> Bool {
        let now = now()
        return try await store.write { store in
            guard try store.suspensions().contains(where: { $0.scope == scope }) else { return false }
            try store.forget(scope)
            try note(.resumed, scope, "resumed by \(by)", at: now, in: store)
            return true
        }
    }

    private func note(
        _ reason: EventReason, _ scope: Suspension.Scope, _ message: String, at now: Timestamp,
        in store: any StoreWriter
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
