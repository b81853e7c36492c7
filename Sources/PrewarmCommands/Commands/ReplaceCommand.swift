import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct ReplaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replace",
        abstract: "Replace ready workspaces by new ones.",
        discussion: """
            prewarm replaces them by the rollout strategy of the preset, so that the pool keeps ready workspaces. Claimed
            workspaces stay.

            Examples:
              prewarm replace go-large-3f4g5h6j
              prewarm replace --preset go-large
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The ID or the name of a ready workspace.", completion: .workspaces)
    var workspace: String?

    @Option(
        help: ArgumentHelp("Replace all ready workspaces of a preset: NAME or SOURCE/NAME.", valueName: "name"),
        completion: .presets)
    var preset: String?

    func validate() throws {
        guard (workspace == nil) == (preset == nil) else { return }
        throw ValidationError(
            workspace.map { "cannot use --preset with \"\($0)\": give a workspace or --preset NAME" }
                ?? "missing name: give a workspace, or --preset NAME")
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let body: KeyValuePairs<String, Value?> =
                workspace.map { ["workspace": .string($0)] } ?? ["preset": .string(preset ?? "")]
            let answer: DoneDocument = try await session.post("replace", body: body)
            let count = counted(answer.workspaces ?? 0, "workspace")
            let when = session.local == nil ? "the daemon replaces" : "the next `prewarm sync` replaces"
            console.step(.success, "\(workspace ?? preset ?? ""): \(when) \(count)")
        }
    }
}
