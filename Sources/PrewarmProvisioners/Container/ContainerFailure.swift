import PrewarmCore
import PrewarmEngine

/// The reason why an operation of the container provisioner did not succeed.
struct ContainerFailure: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The engine accepts no connection, so it did nothing.
        case unreachable
        /// The engine did not answer in time.
        case slow
        /// The answer is not one of the Docker Engine API, or is larger than a limit.
        case badAnswer
        /// The engine refused the request with an HTTP status.
        case refused(Int)
        /// The disk of the engine is full.
        case full
        /// There is no such image, or its name is not valid.
        case noImage
        /// The workspace cannot be made as the configuration and the manifest say.
        case failed
        /// prewarm stops, or no longer needs the workspace.
        case canceled
    }

    let kind: Kind
    /// One line without secrets.
    let message: String
    /// A sentence with the next step.
    var hint: String?
    /// The end of the container's log.
    var log = ""

    init(_ kind: Kind, _ message: String, hint: String? = nil, log: String = "") {
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
        case .unreachable: .refused(ProviderError(.outage, text))
        case .full: .refused(ProviderError(.capacity, text))
        case .noImage: .refused(ProviderError(.invalid, text))
        case .badAnswer, .refused, .failed: .failed(text)
        }
    }

    /// The failure of a list that ended so.
    var listFailure: ProvisionerFailure {
        let reason: ProvisionerFailure.Reason =
            switch kind {
            case .unreachable: .cannotRun
            case .slow: .timedOut
            case .badAnswer: .badAnswer
            case .refused, .full, .noImage, .failed: .failed
            case .canceled: .tryLater
            }
        return ProvisionerFailure(reason, message, hint: hint)
    }

    static let canceled = ContainerFailure(.canceled, "the operation was ended because prewarm stops")
}
