import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct DashboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dashboard",
        abstract: "Write a link that signs a browser in to the dashboard.",
        discussion: """
            The link works once, within a minute. The browser is then signed in with the token of this command: that of \
            --token, or the local token of the daemon's user.

            Examples:
              prewarm dashboard
              prewarm dashboard --server https://prewarm.example.org --token @token.txt
            """)

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await finish(global) { console in
            let options = try withServer()
            guard let client = try RemoteClient(options) else {
                throw CommandFailure("cannot open the dashboard: no daemon is named", hint: "use --server URL")
            }
            let code: SignInCodeDocument = try await client.send(
                APIRequest(.post, ["sign-in-codes"], body: .object(known: [:]))
            ).decoded()
            console.step(.success, "open this link within a minute. It works once:")
            console.write("\(client.base)\(code.path)\n")
        }
    }

    /// Returns the options with the URL of the daemon: the one of ``ServerChoice``, otherwise the one that the
    /// configuration gives.
    private func withServer() throws -> GlobalOptions {
        var options = global
        if try ServerChoice(global) == nil {
            let file = try ConfigurationFile(global)
            options.context = nil
            options.server = try Assembly(file, try file.load(for: .store)).localURL()
        }
        return options
    }
}
