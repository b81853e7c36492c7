import FoundationEssentials
import PrewarmCore
package import PrewarmEngine

/// A login that a command of the operator's gives, as JSON on its standard output:
/// `{"username": "…", "password": "…"}`. It is run at each use.
package struct CommandLogin: GitLoginSource {
    private let source: String
    private let command: [String]
    private let url: String
    private let workingDirectory: String
    private let timeout: Duration
    private let tools: any ToolRunner
    private let showsLog: Bool

    /// - Parameters:
    ///   - source: the name of the source, which the command finds in `PREWARM_SOURCE`.
    ///   - url: without user information; in `PREWARM_GIT_URL`.
    ///   - workingDirectory: a relative command counts from here.
    ///   - showsLog: an error tells what the command said on its standard error: only where nobody keeps it, since it may
    ///     be a secret.
    package init(
        source: String, command: [String], url: String, workingDirectory: String, timeout: Duration,
        tools: any ToolRunner, showsLog: Bool = false
    ) {
        self.source = source
        self.command = command
        self.url = url
        self.workingDirectory = workingDirectory
        self.timeout = timeout
        self.tools = tools
        self.showsLog = showsLog
    }

    private struct Answer: Decodable {
        let username: String?
        let password: String
    }

    private static let advice = #"print {"username": "…", "password": "…"}, and nothing else"#

    package func login() async throws(GitFailure) -> GitLogin {
        let output: ToolOutput
        do throws(ToolFailure) {
            output = try await tools.run(
                ToolCall(
                    command.first ?? "", Array(command.dropFirst()),
                    environment: ["PREWARM_SOURCE": source, "PREWARM_GIT_URL": url],
                    workingDirectory: workingDirectory, timeout: timeout, outputLimit: 64 << 10))
        } catch {
            throw failure(error.message, hint: error.hint)
        }
        let answer = try? JSONDecoder().decode(
            Answer.self, from: Array(output.output), within: JSONDecoder.loginBounds)
        guard output.code == 0 else {
            guard showsLog else {
                throw failure("exit code \(output.code)", hint: "`prewarm doctor` shows what it says")
            }
            // Its output may be a secret, and is never shown. Out of its log goes the password of its output, and what
            // looks like a secret. Another that the command wrote there would be told.
            var log = output.log
            if let answer, !answer.password.isEmpty { log = log.replacing(answer.password, with: "…") }
            log = log.withoutSecrets
            let last = log.split(whereSeparator: \.isNewline).last.map { ": \(String($0).printable.suffix(200))" } ?? ""
            throw failure("exit code \(output.code)\(last)", hint: nil)
        }
        guard let answer else {
            throw failure("its output is not the JSON that is expected", hint: Self.advice)
        }
        let username = answer.username ?? GitLogin.tokenUser
        guard !answer.password.isEmpty, !username.isEmpty else {
            throw failure("its answer has an empty username or password", hint: Self.advice)
        }
        return GitLogin(username: username, password: answer.password)
    }

    /// Nothing is kept.
    package func refused(_ login: GitLogin) async {}

    private func failure(_ message: String, hint: String?) -> GitFailure {
        GitFailure(
            .authenticationFailed, "the credential command \(command.first ?? "") of source \(source): \(message)",
            hint: hint)
    }
}
