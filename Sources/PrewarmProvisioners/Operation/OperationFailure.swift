import PrewarmCore
import PrewarmEngine

/// The reason why an operation of a built-in provisioner did not succeed.
package struct OperationFailure: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The container engine or the API server accepts no request, so it did nothing.
        case unreachable
        /// The provider did not answer in time.
        case slow
        /// The answer does not follow the API, or is larger than a limit.
        case badAnswer
        /// The provider refused the request with an HTTP status.
        case refused(Int)
        /// The provider has no room.
        case capacity
        /// The account at the provider may have no more workspaces.
        case quota
        /// The provider is busy, or another client changed the same object.
        case transient
        /// The workspace cannot be made as the manifest says, however often it is tried.
        case invalid
        /// The workspace cannot be made as the configuration and the manifest say.
        case failed
        /// prewarm stops, or no longer needs the workspace.
        case canceled
    }

    package let kind: Kind
    /// One line without secrets.
    package let message: String
    /// A sentence with the next step.
    package var hint: String?
    /// The end of the log of the workspace.
    var log = ""
    /// The pause that the provider asks for; nil if it does not ask.
    var retryAfter: Duration?

    package init(_ kind: Kind, _ message: String, hint: String? = nil, log: String = "") {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.log = log
    }

    /// The message, the next step and the end of the log.
    var text: String {
        (hint.map { "\(message). \($0)" } ?? message).followed(by: log)
    }

    /// The outcome of an operation that ended so. What a later attempt may cure without a change is no failure of the
    /// preset.
    var outcome: Outcome {
        switch kind {
        case .slow, .canceled: .tryLater(text)
        case .unreachable: .refused(ProviderError(.outage, text, retryAfter: retryAfter))
        case .capacity: .refused(ProviderError(.capacity, text))
        case .quota: .refused(ProviderError(.quota, text))
        case .transient: .refused(ProviderError(.transient, text, retryAfter: retryAfter))
        case .invalid: .refused(ProviderError(.invalid, text))
        case .badAnswer, .refused, .failed: .failed(text)
        }
    }

    /// True if the provider may still do what the operation asked for: the connection ended without an answer.
    var isUnanswered: Bool { [.slow, .canceled].contains(kind) }

    /// The failure of a list that ended so.
    var listFailure: ProvisionerFailure {
        let reason: ProvisionerFailure.Reason =
            switch kind {
            case .unreachable: .cannotRun
            case .slow: .timedOut
            case .badAnswer: .badAnswer
            case .refused, .capacity, .quota, .invalid, .failed: .failed
            case .canceled, .transient: .tryLater
            }
        return ProvisionerFailure(reason, message, hint: hint)
    }

    static let canceled = OperationFailure(.canceled, "the operation was ended because prewarm stops")
}
