internal import PrewarmCore

/// The request format of one kind of receiver.
protocol Sink: Sendable {
    /// Returns the request for a notification; nil if this kind of receiver does not get it.
    func request(for notification: Notification, at now: Timestamp) -> OutgoingRequest?
    /// Returns true if an answer other than 2xx means that the receiver already has the notification.
    func accepts(status: Int, body: String) -> Bool
}

extension Sink {
    func accepts(status: Int, body: String) -> Bool { false }
}

/// A POST request with a JSON body.
struct OutgoingRequest: Sendable {
    let address: SinkAddress
    var headers: [(name: String, value: String)]
    let body: [UInt8]
}
