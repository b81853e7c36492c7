import Glibc
import PrewarmCore
import PrewarmEngine

/// The classification of an ended child by its exit, before its answer is read.
enum Ending {
    case good
    /// The command exited with 75, or was ended because prewarm stops.
    case later(String)
    /// The command exited with 69: the provider does not work.
    case outage(String)
    /// The command failed.
    case bad(ProvisionerFailure.Reason, String)

    /// The exit code for "try again later": `EX_TEMPFAIL` of sysexits.h.
    static let tryLaterCode: Int32 = 75
    /// The exit code for an outage of the provider: `EX_UNAVAILABLE` of sysexits.h.
    static let outageCode: Int32 = 69

    init(_ ended: EndedChild, _ log: String, _ timeout: Duration) {
        switch (ended.stop, ended.status) {
        case (.cancelled, _):
            self = .later("the command was ended because prewarm stops")
        case (.timedOut, _):
            self = .bad(.timedOut, "timed out after \(Self.text(timeout))".followed(by: log))
        case (.outputTooLong, _):
            self = .bad(
                .badAnswer, "wrote more than \(Self.size(ended.output.count)) to standard output".followed(by: log))
        case (nil, .code(0)):
            self = .good
        case (nil, .code(Self.tryLaterCode)):
            let line = log.split(whereSeparator: \.isNewline).last.map { String($0.suffix(2048)) }
            self = .later(line ?? "exit code 75: try again later")
        case (nil, .code(Self.outageCode)):
            self = .outage("exit code 69".with(cause: log.causeInLog).followed(by: log))
        case (nil, let status):
            // A command that is killed cannot say why.
            let cause = if case .code = status { log.causeInLog } else { nil as String? }
            self = .bad(.failed, status.description.with(cause: cause).followed(by: log))
        }
    }

    private static func text(_ duration: Duration) -> String {
        duration < .seconds(1) ? "\(duration.components.attoseconds / 1_000_000_000_000_000)ms" : duration.prewarmText
    }

    private static func size(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }
}

extension String {
    /// Returns the text with a cause behind it, on one line. For example, `exit code 3: no space left`.
    fileprivate func with(cause: String?) -> String { cause.map { "\(self): \($0)" } ?? self }

    /// Returns the text followed by the end of the log: at most ten lines and 2 KiB. A log of a single line that ends
    /// the text already is left out.
    func followed(by log: String) -> String {
        let lines = log.split(whereSeparator: \.isNewline).suffix(10)
        guard let first = lines.first, lines.count > 1 || !hasSuffix(": \(first)") else { return self }
        // Whole characters are dropped, so that the rest stays valid.
        var end = lines.joined(separator: "\n")[...]
        while end.utf8.count > 2048 { end = end.dropFirst(max(1, (end.utf8.count - 2048) / 4)) }
        return "\(self)\n\(end)"
    }
}

extension Outcome {
    /// Returns a failure with the end of the log added, and other outcomes unchanged.
    func followed(by log: String) -> Outcome {
        switch self {
        case .failed(let message): .failed(message.followed(by: log))
        case .refused(let error): .refused(error.with(message: error.message.followed(by: log)))
        default: self
        }
    }

    /// True if processes that the command left running belong to the workspace and must not be ended.
    var isGood: Bool {
        switch self {
        case .done, .starting, .lost, .broken: true
        case .tryLater, .refused, .failed: false
        }
    }
}

extension SystemFailure {
    static let argumentsTooLong = E2BIG
    static let noProgram = ENOEXEC
    static let brokenPipe = SystemFailure(EPIPE)
    static let connectionReset = SystemFailure(ECONNRESET)
}
