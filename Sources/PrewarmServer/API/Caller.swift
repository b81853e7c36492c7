import PrewarmCore
import PrewarmEngine

/// Who asks, and from where.
package struct Caller: Sendable {
    let principal: Principal
    /// As the audit names it.
    let name: String
    /// An address, or `local`.
    let origin: String

    package init(_ principal: Principal, origin: String) {
        self.principal = principal
        name = principal.auditName
        self.origin = origin
    }

    /// The user of a command that works on the store directly, and so may do everything.
    package init(user: String) {
        principal = .local(user: user)
        name = user
        origin = AuditEntry.local
    }
}

extension APICall {
    var principal: Principal { caller.principal }

    /// - Throws: ``AccessError``
    @discardableResult
    func require(_ request: AccessRequest) throws -> Authorization.Decision {
        try Authorization.require(principal, request)
    }

    func maySee(_ preset: PresetKey) -> Bool { principal.presets.contains(preset) }

    /// The preset of the path, if the caller may ask about it.
    func preset(in api: API) async throws -> PresetKey {
        let name = preset
        let engine = api.engine
        let key = try await engine.store.read { try engine.preset(named: name, in: $0).key }
        try require(.lookAtPreset(key))
        return key
    }

    /// What the audit log keeps of it. A command that works on the store directly may say who it is for; a token says
    /// that itself.
    func entry(
        _ action: String, _ object: String, _ name: String, at now: Timestamp, revision: String? = nil,
        detail: String? = nil
    )
        -> AuditEntry
    {
        AuditEntry(
            at: now, who: caller.origin == AuditEntry.local ? author : caller.name, from: caller.origin, action: action,
            object: object, name: name,
            revision: revision, detail: detail)
    }
}

extension Value {
    /// The elements of a list in a document that are about presets which the caller may see.
    func restricted(to scope: PresetScope, lists: [String]) -> Value {
        guard !scope.isAll else { return self }
        return .object(
            pairs.map { pair in
                guard lists.contains(pair.key) else { return pair }
                return (
                    pair.key,
                    .array(
                        pair.value.elements.filter { element in
                            guard let source = element.text("source") else { return false }
                            let name = element.text("preset") ?? element.text("name")
                            return name.map { scope.contains(PresetKey(source: source, name: $0)) } ?? false
                        })
                )
            })
    }

    /// Without what opens a workspace.
    var masked: Value { .object(pairs.filter { !["endpoint", "metadata"].contains($0.key) }) }
}
