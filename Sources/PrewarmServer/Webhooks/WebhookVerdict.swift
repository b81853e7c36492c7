internal import PrewarmCore

/// What a webhook is answered, and which sources are to be looked at.
package struct WebhookVerdict: Hashable, Sendable {
    package enum Outcome: String, CaseIterable, Sendable {
        /// Sources are nudged.
        case accepted
        /// A push of a repository, or to a ref, that no source follows.
        case unmatched
        /// No push.
        case ignored
        case ping
        /// Handled a short time ago.
        case duplicate
        /// No such endpoint.
        case unknown
        case unauthorized
        case invalid
        /// A content type that the forge must be told to change.
        case unsupported
        case tooLarge
        case limited

        /// Of HTTP.
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

        /// For metrics: `accepted`, `unmatched`, `unauthorized`, `invalid` or `limited`.
        package var result: String {
            switch self {
            case .accepted, .ping, .duplicate: "accepted"
            case .unmatched, .ignored: "unmatched"
            case .unauthorized: "unauthorized"
            case .unknown, .invalid, .unsupported, .tooLarge: "invalid"
            case .limited: "limited"
            }
        }

        /// Whether the sender was found to be the forge.
        var isVerified: Bool {
            switch self {
            case .accepted, .unmatched, .ignored, .ping, .duplicate, .invalid, .unsupported: true
            case .unknown, .unauthorized, .tooLarge, .limited: false
            }
        }
    }

    package let outcome: Outcome
    /// For the sender. The same for every way in which a signature can be bad.
    package let message: String
    package var nudges: [SourceNudge] = []
    /// With ``Outcome/limited``: for the field `Retry-After`.
    package var retryAfter: Duration?
    /// For the operator, where it says more than the message.
    var detail: String?

    init(
        _ outcome: Outcome, _ message: String, nudges: [SourceNudge] = [], retryAfter: Duration? = nil,
        detail: String? = nil
    ) {
        self.outcome = outcome
        self.message = message
        self.nudges = nudges
        self.retryAfter = retryAfter
        self.detail = detail
    }

    package var status: Int { outcome.status }
}
