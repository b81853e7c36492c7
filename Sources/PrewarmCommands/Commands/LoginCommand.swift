import ArgumentParser
import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmManifests
import PrewarmServer

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in to a daemon, so that other commands ask it without further options.",
        discussion: """
            The command reads a token from standard input, or from a prompt that does not show it. It asks the daemon who \
            you are, and stores the URL and the token as a context in the file prewarm/contexts.yaml below \
            $XDG_CONFIG_HOME (default: ~/.config), which only you can read. The context becomes the current one. With \
            PREWARM_CA_FILE, the context has the path of this file, too.

            Examples:
              prewarm login https://prewarm.example.org
              prewarm login https://prewarm.example.org --name production < token.txt
            """)

    @OptionGroup var log: LogOptions

    @Argument(help: "The URL of the daemon.")
    var url: String

    @Option(help: ArgumentHelp("The name of the context (default: the host of the URL).", valueName: "name"))
    var name: String?

    func run() async throws {
        try await finish(log, handlesSignals: true) { console in
            let server = url.hasSuffix("/") ? String(url.dropLast()) : url
            let host = try RemoteClient.host(of: ServerChoice(url: server, origin: .login))
            let name = name ?? host
            if let problem = UserContexts.problem(withName: name) {
                throw CommandFailure(
                    "invalid name of a context \"\(name.printable.limited(to: 100))\": \(problem)",
                    hint: "choose another one: `prewarm login \(url.printable) --name NAME`", code: .usage)
            }
            let file = try ContextFile()
            try refuseOtherServer(name, server, try file.read())
            let text = try await TokenPrompt(console: console, text: "Token for \(server): ").read()
            let token = try BearerToken.checked(text, hint: "ask an operator for a token: `prewarm token create NAME`")
            let caFile = Environment.value("PREWARM_CA_FILE").map { URL(fileURLWithPath: $0).path }
            let client = try RemoteClient(
                ServerChoice(url: server, token: token, caFile: caFile, origin: .login), token: token, console: console)
            let caller: CallerDocument = try await client.send(APIRequest(.get, ["caller"])).decoded()
            try file.change { contexts in
                contexts.set(UserContexts.Context(name: name, server: server, token: token, caFile: caFile))
                contexts.current = name
            }
            console.step(.success, "logged in to \(server) as \(caller.callerText)")
            console.step(.success, "stored the context \(name) in \(file.path); commands use it from now on")
        }
    }

    /// Refuses a name that a context with another server has, so that a token is not lost.
    private func refuseOtherServer(_ name: String, _ server: String, _ contexts: UserContexts) throws {
        guard let other = contexts[name], other.server != server, self.name == nil else { return }
        throw CommandFailure(
            "cannot store the context \(name): a context of this name has the server \(other.server)",
            hint: "choose another name, or replace the context: `prewarm login \(url.printable) --name \(name)`",
            code: .usage)
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Delete the stored token of a daemon.",
        discussion: """
            The command deletes the whole context. The token itself stays valid; an operator revokes it with `prewarm \
            token revoke`. After a logout from the current context, commands use this machine.

            Examples:
              prewarm logout
              prewarm logout production
            """)

    @OptionGroup var log: LogOptions

    @Argument(help: "The name of the context (default: the current one).", completion: .contexts)
    var name: String?

    func run() async throws {
        try await finish(log) { console in
            let deleted = try ContextFile().change { contexts in
                guard let name = name ?? contexts.current else {
                    throw CommandFailure(
                        "cannot log out: there is no current context",
                        hint: "name a context: `prewarm logout NAME`; list them: `prewarm context list`", code: .usage)
                }
                let context = try contexts.named(name)
                contexts.remove(name)
                return context
            }
            console.step(.success, "logged out from \(deleted.server) and deleted the context \(deleted.name)")
        }
    }
}

extension CallerDocument {
    /// The caller for people, for example `ada (claimer, presets go-*)`.
    var callerText: TerminalText {
        let scope = presets.isEmpty ? "all presets" : "presets \(presets.joined(separator: ", "))"
        return "\(name) (\(role.text), \(scope))"
    }
}
