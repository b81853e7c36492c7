import PrewarmCore
import PrewarmEngine

/// The principal that sent a request, and its address.
package struct Caller: Sendable {
    let principal: Principal
    /// The name of the caller in the audit log.
    let name: String
    /// The address of the client, or `local` for a command that works on the store directly.
    let origin: String
    /// The value of the header `Authorization`, for routes that make another credential from it; nil for other callers.
    let authorization: String?

    package init(_ principal: Principal, origin: String, authorization: String? = nil) {
        self.principal = principal
        self.authorization = authorization
        name = principal.auditName
        self.origin = origin
    }

    /// Creates the caller of a command that works on the store directly, who may do everything.
    package init(user: String) {
        principal = .local(user: user)
        name = user
        origin = AuditEntry.local
        authorization = nil
    }
}

extension APICall {
    var principal: Principal { caller.principal }

    /// Checks that the caller may do what the request says.
    ///
    /// - Throws: ``AccessError``
    @discardableResult
    func require(_ request: AccessRequest) throws -> Authorization.Decision {
        try Authorization.require(principal, request)
    }

    /// Says whether a preset is in the caller's scope.
    func maySee(_ preset: PresetKey) -> Bool { principal.presets.contains(preset) }

    /// Returns the preset that the path names.
    ///
    /// - Throws: ``ClaimError`` if the caller's scope has no such preset.
    func preset(in api: API) async throws -> PresetKey {
        let name = preset
        let engine = api.engine
        return try await engine.store.read { try self.preset(named: name, of: engine, in: $0) }
    }

    /// Returns the preset with this name, or with this `source/name`. An answer about a preset outside of the caller's scope is
    /// the same as about one that does not exist, so that callers cannot find out which presets there are. The same holds for
    /// the workspaces, operations and claims of such a preset.
    /// - Throws: ``ClaimError`` if the caller's scope has no such preset.
    func preset(named name: String, of engine: Engine, in store: any StoreReader) throws -> PresetKey {
        try engine.preset(named: name, in: store, where: maySee).key
    }

    /// Returns an entry for the audit log. A command that works on the store directly may name another author with `by`.
    /// For a request with a token the author is always the token.
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
