/// What a provisioner answered to one operation.
package enum Outcome: Hashable, Sendable {
    /// Done: a create is ready, a delete is gone.
    case done(endpoint: String?, metadata: [String: String])
    /// Created, and not ready yet: it is inspected until it is.
    case starting(endpoint: String?, metadata: [String: String])
    /// Gone, as an inspect found.
    case lost
    /// There, and of no use to anybody, as an inspect found; with the reason.
    case broken(String)
    /// Busy: asked again later, and no failure.
    case tryLater(String)
    /// Failed, with the end of its log.
    case failed(String)
}
