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
        let key = try await engine.store.read { try self.preset(named: name, of: engine, in: $0) }
        try require(.lookAtPreset(key))
        return key
    }

    /// The preset that the caller means by a name, or by `source/name`.
    func preset(named name: String, of engine: Engine, in store: any StoreReader) throws -> PresetKey {
        try engine.preset(named: name, in: store, where: maySee).key
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
