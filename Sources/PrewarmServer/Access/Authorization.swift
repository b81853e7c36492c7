package import PrewarmCore

/// What is asked for, as far as it matters to who may.
package enum AccessRequest: Hashable, Sendable {
    /// Lists and states of sources, presets, templates, operations, events and revisions; plans.
    case look
    /// Documents that name all presets and cannot be cut to some of them: the metrics.
    case lookAtAll
    /// What takes at least this role, before it is known which preset or workspace it is about.
    case role(Role)
    case lookAtPreset(PresetKey)
    /// Nil: nobody has claimed it.
    case lookAtWorkspace(PresetKey, owner: Owner?)
    /// What provisioners wrote.
    case readLog(PresetKey)
    /// Look at git now: what the interval would do, too.
    case nudge
    case claim(PresetKey, owner: Owner)
    case release(PresetKey, owner: Owner?)
    /// Suspend, resume and retry a preset, and what else is about one.
    case operatePreset(PresetKey)
    /// Approve, pin, adopt, suspend a source, apply another revision: what is about all presets of a source.
    case operate
    /// Tokens, the audit log, deliveries.
    case administer
}

/// Who may what: the one table.
package enum Authorization {
    package enum Decision: Hashable, Sendable {
        case allowed
        /// Allowed, without what opens a workspace: its endpoint and metadata.
        case allowedMasked
        /// With a sentence for whoever asked.
        case refused(String)

        package var isAllowed: Bool { if case .refused = self { false } else { true } }
    }

    /// | asked for | viewer | claimer | operator |
    /// | --- | --- | --- | --- |
    /// | look, presets, logs' existence | its presets | its presets | its presets |
    /// | look at all: metrics | where its presets are all | where its presets are all | where its presets are all |
    /// | a workspace | masked | its own | all |
    /// | nudge | yes | yes | yes |
    /// | claim, release | no | for itself | for anybody |
    /// | a provisioner's log | no | no | its presets |
    /// | operate a preset | no | no | its presets |
    /// | operate, administer | no | no | where its presets are all |
    package static func decide(_ principal: Principal, _ request: AccessRequest) -> Decision {
        if let preset = request.preset, !principal.presets.contains(preset) {
            return .refused("\(principal.auditName) is not for the preset \(preset)")
        }
        switch (request, principal.role) {
        case (.look, _), (.lookAtPreset, _), (.nudge, _): return .allowed
        case (.role(let least), let role) where role >= least: return .allowed
        case (.lookAtWorkspace, .viewer): return .allowedMasked
        case (.lookAtWorkspace(_, let owner), .claimer):
            return principal.isOwner(owner)
                ? .allowed : .refused("the workspace belongs to another owner, or to nobody")
        case (.claim(_, let owner), .claimer):
            return owner == principal.owner
                ? .allowed : .refused("\(principal.auditName) claims for itself only, as \"\(principal.name)\"")
        case (.release(_, let owner), .claimer):
            return principal.isOwner(owner)
                ? .allowed : .refused("the workspace belongs to another owner, or to nobody")
        case (.lookAtAll, _), (.operate, .operator), (.administer, .operator):
            return principal.presets.isAll
                ? .allowed
                : .refused(
                    "that is about all presets, and \(principal.auditName) is for some: \(principal.presets.texts.joined(separator: ", "))"
                )
        case (_, .operator): return .allowed
        case (_, .viewer), (_, .claimer):
            return .refused(
                "\(principal.auditName) has the role \(principal.role.rawValue), \(request.needed.rawValue) is needed")
        }
    }

    /// Throws what ``decide(_:_:)`` refuses.
    @discardableResult
    package static func require(_ principal: Principal, _ request: AccessRequest) throws(AccessError) -> Decision {
        let decision = decide(principal, request)
        if case .refused(let message) = decision { throw AccessError(.refused, message) }
        return decision
    }
}

extension AccessRequest {
    fileprivate var preset: PresetKey? {
        switch self {
        case .look, .lookAtAll, .role, .nudge, .operate, .administer: nil
        case .lookAtPreset(let preset), .lookAtWorkspace(let preset, _), .readLog(let preset), .claim(let preset, _),
            .release(let preset, _), .operatePreset(let preset):
            preset
        }
    }

    /// The least role to which it may be allowed.
    fileprivate var needed: Role {
        switch self {
        case .role(let least): least
        case .look, .lookAtAll, .lookAtPreset, .lookAtWorkspace, .nudge: .viewer
        case .claim, .release: .claimer
        case .readLog, .operatePreset, .operate, .administer: .operator
        }
    }
}
