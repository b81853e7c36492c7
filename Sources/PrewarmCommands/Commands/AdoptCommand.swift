import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Add orphaned workspaces of a provisioner to a pool.",
        discussion: """
            An orphan is a workspace that a provisioner lists and the store does not know. `prewarm sync --refresh` \
            searches for orphans. An adopted workspace counts as a ready workspace of the preset's current definition. \
            prewarm does not check that it matches, so check this first.

            Examples:
              prewarm get orphans
              prewarm adopt go-large 01m88dns3q96k6ef6pswqygcqe
              prewarm adopt team-a/go-large vm-17 vm-18 --by ada
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.",
        completion: .presets)
    var preset: String

    @Argument(help: "The IDs of the orphans that `prewarm get orphans` lists.", completion: .orphans)
    var ids: [String]

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let name = PresetName(preset)
            let adopted: [WorkspaceDocument] = try await Session.open(global).post(
                "presets", name.name, "adopt", query: ["source": name.source],
                body: ["ids": .array(ids.map { .string($0) }), "by": .string(by ?? Environment.user)])
            for workspace in adopted {
                console.step(
                    .success,
                    "adopted \(workspace.id) as \(workspace.name), ready to be claimed")
            }
        }
    }
}
