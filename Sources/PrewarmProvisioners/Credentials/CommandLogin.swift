import FoundationEssentials
import PrewarmCore
package import PrewarmEngine

/// A source of logins that runs a command of the operator at each use. The command prints JSON:
/// `{"username": "…", "password": "…"}`.
package struct CommandLogin: GitLoginSource {
    private let source: String
    private let command: [String]
    private let url: String
    private let workingDirectory: String
    private let timeout: Duration
    private let tools: any ToolRunner
    private let showsLog: Bool

    /// - Parameters:
    ///   - source: The name of the source. The command gets it in `PREWARM_SOURCE`.
    ///   - url: The URL without user information. The command gets it in `PREWARM_GIT_URL`.
    ///   - workingDirectory: The directory at which a relative command begins.
    ///   - showsLog: If true, an error contains the last line of standard error. It may be a secret, so this is only for
    ///     errors that are not stored.
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

    private static let advice = #"print only {"username": "…", "password": "…"}"#

    /// Runs the command and returns the login that it prints.
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
                throw failure(
                    "exit code \(output.code)", hint: "run `prewarm doctor`: it shows the error output of the command")
            }
            // The output may be a secret and is never shown. The password in the output and texts that look like a secret
            // are removed from the log. Other secrets in the log would be shown.
            var log = output.log
            if let answer, !answer.password.isEmpty { log = log.replacing(answer.password, with: "…") }
            log = log.withoutSecrets
            let last = log.split(whereSeparator: \.isNewline).last.map { ": \(String($0).printable.suffix(200))" } ?? ""
            throw failure("exit code \(output.code)\(last)", hint: nil)
        }
        guard let answer else {
            throw failure("its output is not the expected JSON", hint: Self.advice)
        }
        let username = answer.username ?? GitLogin.tokenUser
        guard !answer.password.isEmpty, !username.isEmpty else {
            throw failure("its answer has an empty username or password", hint: Self.advice)
        }
        return GitLogin(username: username, password: answer.password)
    }

    /// Does nothing, because no login is kept.
    package func refused(_ login: GitLogin) async {}

    private func failure(_ message: String, hint: String?) -> GitFailure {
        GitFailure(
            .authenticationFailed,
            "cannot get a login from the credential command \(command.first ?? "") of source \(source): \(message)",
            hint: hint)
    }
}
