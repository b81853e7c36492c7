package import PrewarmCore

/// A request, reduced to what decides whether a caller may make it.
package enum AccessRequest: Hashable, Sendable {
    /// Read lists and states of sources, presets, templates, operations, events and revisions; plan.
    case look
    /// Read a document that names all presets and cannot be limited to some of them: the metrics.
    case lookAtAll
    /// A request that needs at least this role. Its handler then checks the preset or the workspace.
    case role(Role)
    case lookAtPreset(PresetKey)
    /// Read a workspace. The owner is nil if the workspace is not claimed.
    case lookAtWorkspace(PresetKey, owner: Owner?)
    /// Read what the provisioner wrote.
    case readLog(PresetKey)
    /// Fetch a source now, which also happens at its interval.
    case wakeUp
    case claim(PresetKey, owner: Owner)
    case release(PresetKey, owner: Owner?)
    /// Ask for the credentials of a claimed workspace.
    case credentials(PresetKey, owner: Owner?)
    /// Renew the lease of a claim, or give the claim to another owner.
    case keep(PresetKey, owner: Owner?)
    /// Suspend, resume or retry a preset.
    case operatePreset(PresetKey)
    /// Change what concerns all presets: approve, pin, adopt, export, or suspend a source.
    case operate
    /// Manage tokens, and read the audit log and the webhook deliveries.
    case administer
}

/// The table of permissions.
package enum Authorization {
    package enum Decision: Hashable, Sendable {
        case allowed
        /// Allowed, but without the endpoint and the metadata of a workspace, which would give access to it.
        case allowedMasked
        /// Refused, with a sentence for the caller.
        case refused(String)

        package var isAllowed: Bool { if case .refused = self { false } else { true } }
    }

    /// Decides whether a caller may make a request. Every row but the last also needs the preset to be in the caller's
    /// scope.
    ///
    /// | request | viewer | claimer | operator |
    /// | --- | --- | --- | --- |
    /// | look, preset | yes | yes | yes |
    /// | look at all (metrics) | if its scope is all presets | if its scope is all presets | if its scope is all presets |
    /// | workspace | masked | its own | yes |
    /// | wakeUp | yes | yes | yes |
    /// | claim, release, renew, transfer | no | for itself | for any owner |
    /// | credentials | no | for itself | for itself, and for owners that are plain texts |
    /// | log of a provisioner | no | no | yes |
    /// | operate a preset | no | no | yes |
    /// | operate, administer | no | no | if its scope is all presets |
    package static func decide(_ principal: Principal, _ request: AccessRequest) -> Decision {
        if let preset = request.preset, !principal.presets.contains(preset) {
            return .refused("the preset \(preset) is outside the scope of \(principal.auditName)")
        }
        switch (request, principal.role) {
        case (.look, _), (.lookAtPreset, _), (.wakeUp, _): return .allowed
        case (.role(let least), let role) where role >= least: return .allowed
        case (.lookAtWorkspace, .viewer): return .allowedMasked
        case (.lookAtWorkspace(_, let owner), .claimer):
            return principal.isOwner(owner)
                ? .allowed : .refused("the workspace belongs to another owner, or is not claimed")
        case (.claim(_, let owner), .claimer):
            return owner == principal.owner
                ? .allowed
                : .refused("\(principal.auditName) may claim only for itself: the owner must be \"\(principal.name)\"")
        case (.release(_, let owner), .claimer), (.keep(_, let owner), .claimer):
            return principal.isOwner(owner)
                ? .allowed : .refused("the workspace belongs to another owner, or is not claimed")
        case (.credentials(_, let owner), .claimer):
            return principal.isOwner(owner)
                ? .allowed : .refused("the workspace belongs to another owner, or is not claimed")
        case (.credentials(_, let owner), .operator):
            // An operator chose such an owner. The holder of a token asks for itself.
            return owner?.kind == .text || owner?.kind == .unrecorded || principal.isOwner(owner)
                ? .allowed : .refused("only the owner of the workspace may ask for its credentials")
        case (.lookAtAll, _), (.operate, .operator), (.administer, .operator):
            return principal.presets.isAll
                ? .allowed
                : .refused(
                    "this needs the scope of all presets; "
                        + "\(principal.auditName) has the scope \(principal.presets.texts.joined(separator: ", "))")
        case (_, .operator): return .allowed
        case (_, .viewer), (_, .claimer):
            return .refused(
                "this needs the role \(request.needed.rawValue); "
                    + "\(principal.auditName) has the role \(principal.role.rawValue)")
        }
    }

    /// Returns the decision of ``decide(_:_:)``, and throws it if it is a refusal.
    @discardableResult
    package static func require(_ principal: Principal, _ request: AccessRequest) throws(AccessError) -> Decision {
        let decision = decide(principal, request)
        if case .refused(let message) = decision { throw AccessError(.refused, message) }
        return decision
    }
}

extension AccessRequest {
    /// The preset that the request is about; nil if it is not about one preset.
    fileprivate var preset: PresetKey? {
        switch self {
        case .look, .lookAtAll, .role, .wakeUp, .operate, .administer: nil
        case .lookAtPreset(let preset), .lookAtWorkspace(let preset, _), .readLog(let preset), .claim(let preset, _),
            .release(let preset, _), .keep(let preset, _), .credentials(let preset, _), .operatePreset(let preset):
            preset
        }
    }

    /// The least role that may make the request.
    var needed: Role {
        switch self {
        case .role(let least): least
        case .look, .lookAtAll, .lookAtPreset, .lookAtWorkspace, .wakeUp: .viewer
        case .claim, .release, .credentials, .keep: .claimer
        case .readLog, .operatePreset, .operate, .administer: .operator
        }
    }
}
