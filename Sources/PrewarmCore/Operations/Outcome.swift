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
