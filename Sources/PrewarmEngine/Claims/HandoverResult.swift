package import PrewarmCore

/// The result of a handover for the request that asked for it.
package enum HandoverResult: Sendable {
    /// The owner can use the workspace.
    case done(Workspace, credentials: [String: String])
    /// The handover failed, and the workspace stays claimed.
    case kept(Workspace, error: String)
    /// The handover failed, and the workspace is being deleted.
    case replaced(Workspace, error: String)
    /// The workspace was handed over before, and its provisioner did not answer again.
    case unanswered(Workspace, error: String)
    /// The claim ended before the handover: the workspace was released, or it could not be created.
    case ended(Workspace)
    /// The process ends, and the workspace is being deleted.
    case interrupted(Workspace)

    /// - Parameter settlement: The last settlement; nil if another process has taken the operation.
    init(_ settlement: HandoverSettlement?, _ reply: ProvisionerReply, _ workspace: Workspace) {
        guard let settlement else {
            self = .interrupted(workspace)
            return
        }
        let (settled, error) = (settlement.workspace, settlement.operation.error ?? "")
        switch settlement.effect {
        case .done: self = .done(settled, credentials: reply.credentials)
        case .kept: self = .kept(settled, error: error)
        case .replaced: self = .replaced(settled, error: error)
        case .unanswered: self = .unanswered(settled, error: error)
        case .ended, .retry: self = .ended(settled)
        }
    }

    /// The word for metrics; nil if no handover took place.
    var word: Observation.HandoverWord? {
        switch self {
        case .done: .done
        case .kept, .replaced, .unanswered: .failed
        case .interrupted: .interrupted
        case .ended: nil
        }
    }
}

extension Handover {
    /// Reports the result for metrics.
    func observe(_ result: HandoverResult) {
        if let word = result.word { engine.observe(.handover(workspace.preset, word)) }
        guard case .done = result, workspace.handover == .pending else { return }
        engine.observe(.usable(workspace.preset, after: max(engine.now() - askedAt, .zero)))
    }
}
