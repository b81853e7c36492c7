/// Why somebody doesn't get in, or may not do what it asked for. Tells nothing that helps to guess.
package struct AccessError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        /// Nothing says who it is.
        case missing
        /// What says it is no token of ours, or was revoked.
        case unknown
        /// It was good.
        case expired
        /// It is good, and no rule lets it in.
        case refused
        /// Whether it is good can't be found out now.
        case unavailable
        /// The daemon can't start like this.
        case configuration

        /// Of HTTP.
        package var status: Int {
            switch self {
            case .missing, .unknown, .expired: 401
            case .refused: 403
            case .unavailable: 503
            case .configuration: 500
            }
        }
    }

    package let reason: Reason
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }

    package var description: String { message }

    /// For the field `WWW-Authenticate` (RFC 6750, 3); nil where none belongs to the answer.
    package var challenge: String? {
        switch reason {
        case .missing: "Bearer realm=\"prewarm\""
        case .unknown, .expired: "Bearer realm=\"prewarm\", error=\"invalid_token\""
        case .refused: "Bearer realm=\"prewarm\", error=\"insufficient_scope\""
        case .unavailable, .configuration: nil
        }
    }
}
