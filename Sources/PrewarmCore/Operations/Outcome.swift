/// The answer of a provisioner to one operation.
package enum Outcome: Hashable, Sendable {
    /// The operation succeeded: a created workspace is ready, a deleted one no longer exists.
    case done(endpoint: String?, metadata: [String: String])
    /// The workspace was created but is not ready yet. It is inspected until it is ready.
    case starting(endpoint: String?, metadata: [String: String])
    /// An inspect found that the workspace no longer exists.
    case lost
    /// An inspect found that the workspace exists but is unusable, with the reason.
    case broken(String)
    /// The provisioner is busy and is called again later, with the reason. It is not a failure.
    case tryLater(String)
    /// The operation did not succeed, for a reason that the provisioner classifies.
    case refused(ProviderError)
    /// The operation failed, with the end of its log.
    case failed(String)
}

extension Outcome {
    /// The beginning of the reason in ``broken(_:)`` if the provisioner named a state.
    private static let statement = "the provisioner reports that the workspace is "

    /// Makes the outcome of an inspect that found a state in which the workspace is unusable.
    /// - Parameter message: The provisioner's reason; nil if it gave none.
    package static func broken(state: String, message: String?) -> Outcome {
        .broken(statement + state + (message.map { ": \($0)" } ?? ""))
    }

    /// Returns the state and the message of the reason in ``broken(_:)``. Without a named state, the workspace is `unhealthy`.
    package static func state(in reason: String) -> (state: String, message: String?) {
        guard reason.hasPrefix(statement) else { return ("unhealthy", reason) }
        let parts = reason.dropFirst(statement.count).split(separator: ": ", maxSplits: 1)
        return (parts.first.map(String.init) ?? "unhealthy", parts.count == 2 ? String(parts[1]) : nil)
    }
}
