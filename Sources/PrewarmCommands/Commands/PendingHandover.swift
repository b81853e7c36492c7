import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Waits for the handover that a daemon carries out after it answered the claim.
struct PendingHandover {
    let session: Session
    /// The claim parameters, which are sent again with the request for the credentials.
    let parameters: Value?
    /// The longest time to wait; nil if there is no limit.
    let patience: Duration?

    /// Returns the workspace with its credentials as soon as it is handed over.
    /// - Throws: ``CommandFailure`` if the handover failed, or has not ended within the limit.
    func finished(_ workspace: WorkspaceDocument, _ console: Console) async throws -> WorkspaceDocument {
        let (id, name) = (workspace.id, workspace.name)
        let deadline = patience.map { ContinuousClock.now + $0 }
        console.step(.waiting, "claimed \(name): waiting for its handover")
        while true {
            let found: WorkspaceDescription = try await session.get("workspaces", id)
            guard found.state == .claimed else { throw failure(found, name) }
            switch found.handover?.known {
            case .pending: break
            case .failed:
                let error = found.operations.lazy.compactMap(\.error).first
                var handedOver = found.base
                handedOver.handoverError = error?.cause ?? Operation.withoutCause
                return handedOver
            case .done, .none?, nil:
                return try await session.post(
                    "workspaces", id, "credentials", body: ["parameters": parameters])
            }
            if let deadline, .now >= deadline {
                throw CommandFailure(
                    "claimed \(name), but its handover has not ended within \((patience ?? .zero).prewarmText)",
                    hint: "follow it with `prewarm describe workspace \(name)`, then `prewarm credentials \(name)`")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func failure(_ workspace: WorkspaceDescription, _ name: String) -> CommandFailure {
        let error = workspace.operations.lazy.compactMap(\.error).first
        return CommandFailure(
            "cannot hand over \(name): \((error?.cause ?? "the claim ended").printable)",
            hint: "claim again, or ask an operator to look at `prewarm logs \(name)`")
    }
}
