/// An error that a provisioner classifies, so that a fault of its provider does not count against a preset.
package struct ProviderError: Hashable, Sendable {
    /// The class of an error. Only ``invalid`` is a failure of the preset.
    package enum Kind: String, CaseIterable, Sendable {
        /// The provider as a whole does not work, for example because its API cannot be reached.
        case outage
        /// The provider has no room for another workspace.
        case capacity
        /// The account at the provider may have no more workspaces.
        case quota
        /// The workspace cannot be built as it is defined, however often it is tried.
        case invalid
        /// Another try will probably succeed.
        case transient

        /// One sentence for documentation.
        package var meaning: String {
            switch self {
            case .outage:
                "The provider as a whole does not work. prewarm stops all creates of the provisioner, except for one probe."
            case .capacity: "The provider has no room for another workspace. prewarm tries again."
            case .quota: "The account may have no more workspaces. prewarm tries again."
            case .invalid: "The definition cannot be built, however often it is tried. The preset is stalled at once."
            case .transient: "Another try will probably succeed. prewarm tries again."
            }
        }
    }

    package let kind: Kind
    /// The cause, with the end of the log. It contains no secrets.
    package let message: String
    /// The time until the next try, as the provisioner asks for it, from 0 to ``longestPause``; nil if it does not ask.
    package let retryAfter: Duration?

    /// The longest pause that a provisioner can ask for: 5 minutes. prewarm looks again at least this often.
    package static let longestPause = Duration.seconds(300)

    package init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter.map { min(max($0, .zero), Self.longestPause) }
    }

    /// Returns the error with a changed message.
    package func with(message: String) -> ProviderError { ProviderError(kind, message, retryAfter: retryAfter) }
}
