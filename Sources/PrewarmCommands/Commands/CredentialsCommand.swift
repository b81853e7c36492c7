import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct CredentialsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credentials", abstract: "Get the credentials of a claimed workspace again.",
        discussion: """
            prewarm does not store credentials, so it asks the provisioner of the workspace. The claim parameters are sent \
            again; give secrets again if the provisioner needs them.

            Example: prewarm credentials go-small-3f4g5h6j
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The ID or the name of the workspace.", completion: .claimedWorkspaces)
    var workspace: String

    @OptionGroup(title: "Claim parameters")
    var parameters: ClaimParameterOptions

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let answer: WorkspaceDocument = try await session.post(
                "workspaces", workspace, "credentials", body: ["parameters": try parameters.values()])
            switch output {
            case .json: console.write(TerminalText(document: answer.json))
            case .yaml: console.write(TerminalText(document: answer.yaml))
            case .text:
                if answer.credentials == nil {
                    console.note("The provisioner gave no credentials for \(answer.name).")
                }
                console.writeCredentials(of: answer)
            }
            if let error = answer.handoverError {
                throw CommandFailure("the handover failed again: \(error.printable)")
            }
        }
    }
}
