import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Claim a ready workspace of a preset for its owner.",
        discussion: """
            If no workspace is ready, the command fails with exit code 3. With --wait it first waits for a workspace. \
            If the preset has `onEmpty: create`, prewarm creates a workspace for the owner.

            With --select instead of a name, prewarm chooses a preset with these labels and parameters, and says why.

            Examples:
              prewarm claim go-large --owner ada
              prewarm claim go-large --owner ada --wait 5m --output json
              prewarm claim go-large --owner ada --for 4h
              prewarm claim --select lang=go,cpu=8 --prefer region=eu --owner ada
              prewarm claim team-a/go-large --owner ci --idempotency-key job-42
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var claim: ClaimOptions

    @Option(
        help: ArgumentHelp(
            "A key of 1 to 256 characters. If you claim again with the same key, you get the same workspace.",
            valueName: "key"))
    var idempotencyKey: String?

    @OptionGroup(title: "Claim parameters")
    var parameters: ClaimParameterOptions

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func validate() throws {
        try claim.requireOwner(global)
        if let idempotencyKey, idempotencyKey.isEmpty || idempotencyKey.count > 256 {
            throw ValidationError(
                "invalid --idempotency-key: it must have 1 to 256 characters, not \(idempotencyKey.count)")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            try await parameters.refuseSecretArguments(of: claim.preset, in: session)
            let steps = claim.steps(session, try parameters.values(), idempotencyKey: idempotencyKey)
            let workspace = try await steps.run(console)
            show(workspace, console, ShownTimes(now: await session.now()))
            workspace.noteClamp(console)
            workspace.noteChoice(console)
            let others = workspace.otherPresets ?? []
            if !others.isEmpty, let preset = claim.preset {
                let chosen = "\(workspace.source)/\(workspace.preset)"
                console.note(
                    "Several sources have a preset \"\(preset)\": this workspace is from \(chosen). "
                        + "To claim from another source, use \(others.joined(separator: " or ")).")
            }
            if let error = workspace.handoverError {
                throw CommandFailure(
                    "claimed \(workspace.name), but the handover failed: \(error.printable)",
                    hint: "ask again with `prewarm credentials \(workspace.name)`, or read "
                        + "`prewarm logs \(workspace.name)`")
            }
        }
    }

    private func show(_ workspace: WorkspaceDocument, _ console: Console, _ times: ShownTimes) {
        switch output {
        case .json: console.write(TerminalText(document: workspace.json))
        case .yaml: console.write(TerminalText(document: workspace.yaml))
        case .text:
            console.step(
                .success, "claimed \(workspace.name) for \(workspace.owner ?? claim.owner ?? "")")
            var table = Table(["", ""], flexible: "")
            let rows = [
                ("id", workspace.id),
                ("endpoint", workspace.endpoint ?? "the provisioner gave none"),
            ]
            let lease = (workspace.lease?.expiresAt).map { [("lease ends", times.relative($0))] } ?? []
            let more = (workspace.metadata?.pairs ?? []) + (workspace.credentials?.pairs ?? [])
            for (key, value) in rows + lease + more.map({ ($0.key, $0.value) }) {
                table.add([.init(key, .dim), .init(value)])
            }
            console.write(table.rowsText(color: console.colorsOutput))
        }
    }
}
