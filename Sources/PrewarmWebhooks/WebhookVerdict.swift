internal import PrewarmCore

/// The answer to a request to a webhook, and the sources to check.
package struct WebhookVerdict: Hashable, Sendable {
    /// The outcome of a request.
    package enum Outcome: String, CaseIterable, Sendable {
        /// A push that wakes up sources.
        case accepted
        /// A push to a repository or ref that no source follows.
        case unmatched
        /// An event other than a push.
        case ignored
        /// A test of the connection.
        case ping
        /// A delivery that was handled before.
        case duplicate
        /// No endpoint has this name.
        case unknown
        /// The signature is missing or wrong.
        case unauthorized
        /// The body is not what the forge documents.
        case invalid
        /// A content type that prewarm does not read. It has to be changed at the forge.
        case unsupported
        case tooLarge
        /// The sender exceeds its rate.
        case limited

        /// The status of the HTTP answer.
        package var status: Int {
            switch self {
            case .accepted: 202
            case .unmatched, .ignored, .ping, .duplicate: 200
            case .invalid: 400
            case .unauthorized: 401
            case .unknown: 404
            case .tooLarge: 413
            case .unsupported: 415
            case .limited: 429
            }
        }

        /// The label `result` in metrics: `accepted`, `unmatched`, `unauthorized`, `invalid` or `limited`.
        package var result: String {
            switch self {
            case .accepted, .ping, .duplicate: "accepted"
            case .unmatched, .ignored: "unmatched"
            case .unauthorized: "unauthorized"
            case .unknown, .invalid, .unsupported, .tooLarge: "invalid"
            case .limited: "limited"
            }
        }

        /// True if the request had a good signature.
        var isVerified: Bool {
            switch self {
            case .accepted, .unmatched, .ignored, .ping, .duplicate, .invalid, .unsupported: true
            case .unknown, .unauthorized, .tooLarge, .limited: false
            }
        }
    }

    package let outcome: Outcome
    /// The message for the sender. It is the same for every fault of a signature.
    package let message: String
    /// The wake-ups for sources.
    package var wakeUps: [SourceWakeUp] = []
    /// The value of the field `Retry-After`, for ``Outcome/limited``.
    package var retryAfter: Duration?
    /// The message for the operator; nil if it is the same as ``message``.
    package var detail: String?

    package init(
        _ outcome: Outcome, _ message: String, wakeUps: [SourceWakeUp] = [], retryAfter: Duration? = nil,
        detail: String? = nil
    ) {
        self.outcome = outcome
        self.message = message
        self.wakeUps = wakeUps
        self.retryAfter = retryAfter
        self.detail = detail
    }

    package var status: Int { outcome.status }
}
