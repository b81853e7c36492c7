import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Take over instances that a provisioner lists and nobody knows.",
        discussion: """
            They count as ready workspaces of the preset as it is now; that they are is for you to know. \
            `prewarm sync --refresh` looks for them, `prewarm get orphans` lists them.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The preset, by its name or as source/name.")
    var preset: String

    @Argument(help: "The ids of the instances.")
    var ids: [String]

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let name = PresetName(preset)
            let adopted = try await Session.open(global).post(
                "presets", name.name, "adopt", query: ["source": name.source],
                body: ["ids": .array(ids.map { .string($0) }), "by": .string(by ?? Environment.user)])
            for workspace in adopted.elements {
                console.step(
                    .success,
                    "\(workspace.text("id") ?? "") is \(workspace.text("name") ?? "") now, ready to be claimed")
            }
        }
    }
}
