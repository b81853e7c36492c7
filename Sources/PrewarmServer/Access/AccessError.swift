import PrewarmCore

/// The reason why a caller is not let in, or may not do what it requested. Its texts do not help to guess a token.
package struct AccessError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        /// The request has no token.
        case missing
        /// The token is invalid, unknown or revoked.
        case unknown
        /// The token has expired.
        case expired
        /// The token is valid, but does not allow the request.
        case refused
        /// The token cannot be checked now.
        case unavailable
        /// The configuration is invalid, so the daemon cannot start.
        case configuration

        /// The status of the HTTP answer.
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

    /// The error of an API token that the store does not have.
    static func unknownToken(for role: Role) -> AccessError {
        AccessError(.unknown, "invalid token: it is unknown, or it was revoked", hint: tokenHint(for: role))
    }

    /// Returns the hint for a caller who needs a token.
    /// - Parameter role: The least role that the request needs.
    static func tokenHint(for role: Role) -> String {
        "ask an operator of prewarm for a token: `prewarm token create NAME --role \(role.rawValue)`"
    }

    package var description: String { message }

    /// The value of the header `WWW-Authenticate` (RFC 6750, section 3), or nil if the answer has no such header.
    package var challenge: String? {
        switch reason {
        case .missing: "Bearer realm=\"prewarm\""
        case .unknown, .expired: "Bearer realm=\"prewarm\", error=\"invalid_token\""
        case .refused: "Bearer realm=\"prewarm\", error=\"insufficient_scope\""
        case .unavailable, .configuration: nil
        }
    }
}
