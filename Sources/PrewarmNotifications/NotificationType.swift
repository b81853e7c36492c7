/// The type of a notification. In CloudEvents it follows `dev.prewarm.`, for example `dev.prewarm.preset.stalled`.
package enum NotificationType: String, CaseIterable, Sendable {
    case revisionApplied = "revision.applied"
    case revisionConverged = "revision.converged"
    case revisionInvalid = "revision.invalid"
    case revisionHeld = "revision.held"
    case revisionApproved = "revision.approved"
    case revisionRewritten = "revision.rewritten"
    case revisionRecovered = "revision.recovered"
    case presetReady = "preset.ready"
    case presetDegraded = "preset.degraded"
    case presetStalled = "preset.stalled"
    case presetRecovered = "preset.recovered"
    case workspaceReady = "workspace.ready"
    case workspaceClaimed = "workspace.claimed"
    case workspaceReleased = "workspace.released"
    case workspaceExpiring = "workspace.expiring"
    case workspaceExpired = "workspace.expired"
    case workspaceLost = "workspace.lost"
    case workspaceRecovered = "workspace.recovered"
    case provisionerUnavailable = "provisioner.unavailable"
    case provisionerAvailable = "provisioner.available"
    case sourceFailing = "source.failing"
    case sourceRecovered = "source.recovered"

    /// The types that a sink reports by default: those that need a person. The ends of their incidents are reported too.
    package static let standard: Set<NotificationType> = [
        .revisionInvalid, .revisionHeld, .revisionApproved, .revisionRewritten, .presetStalled, .workspaceLost,
        .provisionerUnavailable, .sourceFailing,
    ]
}

extension Incident.Topic {
    /// The type of the notification when an incident begins.
    var beginning: NotificationType {
        switch self {
        case .failing: .sourceFailing
        case .invalid: .revisionInvalid
        case .held: .revisionHeld
        case .degraded: .presetDegraded
        case .stalled: .presetStalled
        case .lost: .workspaceLost
        case .unavailable: .provisionerUnavailable
        }
    }

    /// The type of the notification when an incident ends.
    var end: NotificationType {
        switch self {
        case .failing: .sourceRecovered
        case .invalid, .held: .revisionRecovered
        case .degraded, .stalled: .presetRecovered
        case .lost: .workspaceRecovered
        case .unavailable: .provisionerAvailable
        }
    }
}
