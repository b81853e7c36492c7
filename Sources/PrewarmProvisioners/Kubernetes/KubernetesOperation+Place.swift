import PrewarmCore
import PrewarmEngine

/// The place of a workspace: the context and the namespace in which its objects were created.
extension KubernetesOperation {
    private static let placeKeys = ["context", "namespace"]

    /// The place that the configuration selects now, as entries of the metadata of a workspace.
    var place: [String: String] {
        var place = ["namespace": client.namespace]
        place["context"] = client.connection.context
        return place
    }

    /// Throws if the workspace was created in another place than ``place``. It is called if no object of the workspace is
    /// found: the objects may still exist in the other place, so the workspace counts neither as lost nor as deleted.
    func checkPlace() throws(OperationFailure) {
        for key in Self.placeKeys {
            guard let recorded = request.workspace.metadata[key], recorded != place[key] else { continue }
            let shown = recorded.printable.limited(to: 253)
            let current = place[key].map { "the \(key) \($0.printable.limited(to: 253))" } ?? "no \(key)"
            throw OperationFailure(
                .unreachable,
                "cannot find the objects of workspace \(request.workspace.name): they were created in the \(key) "
                    + "\(shown), and provisioner \(settings.name) uses \(current)",
                hint:
                    "Set `kubernetes.\(key): \(shown)` of provisioner \(settings.name) until its workspaces are deleted."
            )
        }
    }

    /// Returns the outcome of a handover with the place and the objects of the workspace, which the metadata of an answer
    /// would replace.
    func keepingPlace(_ outcome: Outcome) -> Outcome {
        guard case .done(let endpoint, let metadata) = outcome, !metadata.isEmpty else { return outcome }
        let kept = request.workspace.metadata.filter { Self.placeKeys.contains($0.key) || $0.key == "objects" }
        return .done(endpoint: endpoint, metadata: metadata.merging(kept) { $1 })
    }
}
