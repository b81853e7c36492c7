internal import PrewarmCore

/// How one kind of receiver wants to be told.
protocol Sink: Sendable {
    /// Nil where there is nothing to tell it.
    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest?
    /// What else than a 2xx means that the receiver has it.
    func accepts(status: Int, body: String) -> Bool
}

extension Sink {
    func accepts(status: Int, body: String) -> Bool { false }
}

/// A POST with a JSON body.
struct OutgoingRequest: Sendable {
    let address: SinkAddress
    var headers: [(name: String, value: String)]
    let body: [UInt8]
}
