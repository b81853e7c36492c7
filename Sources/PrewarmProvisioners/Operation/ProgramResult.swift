import PrewarmCore
import PrewarmEngine

/// The result of a program that ran in a container or a pod.
struct ProgramResult: Sendable {
    let code: Int
    /// The end of its output, or of its standard error alone.
    let output: LogTail
    /// The beginning of its standard output alone, at most ``answerLimit`` bytes and one more.
    let answer: [UInt8]

    /// The largest size of an answer in bytes.
    static let answerLimit = 1 << 20

    /// Returns the reply of a handover. The log is standard error without secrets and credentials.
    /// - Parameter log: The log of the steps before the program.
    func reply(_ redactor: Redactor, before steps: String = "") -> ProvisionerReply {
        let redactor = redactor.adding(Credentials.texts(in: answer))
        let output = output.text(redactor).printableLines
        let log = steps + output
        guard answer.count <= Self.answerLimit else {
            return ProvisionerReply(
                outcome: .failed("wrote more than \(Self.answerLimit >> 20) MiB to standard output"), log: log)
        }
        switch code {
        case 0:
            let (outcome, credentials) = Answer.handover(of: answer, redactor)
            return ProvisionerReply(outcome: outcome.followed(by: output), log: log, credentials: credentials)
        case Int(Ending.tryLaterCode):
            let line = output.split(whereSeparator: \.isNewline).last.map { String($0.suffix(2048)) }
            return ProvisionerReply(outcome: .tryLater(line ?? "exit code 75: try again later"), log: log)
        default:
            let cause = output.causeInLog.map { ": \($0)" } ?? ""
            return ProvisionerReply(
                outcome: .failed("exit code \(code)\(cause)".followed(by: output)), log: log)
        }
    }
}
