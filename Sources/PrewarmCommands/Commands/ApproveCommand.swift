import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Let held deletions of a revision go on.",
        discussion: """
            It is about the deletions that are held now, of the revision that is in force. Another revision, or a \
            deletion more, needs another approval.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The commit, or the beginning of it, as `status` shows it.")
    var revision: String

    @Option(help: ArgumentHelp("Of this source only.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            // One that the configuration has lost can be approved, too.
            if let source, try await !context.engine.removedSources().contains(where: { $0.name == source }) {
                _ = try context.sources(named: source)
            }
            let approved = try await context.engine.approve(revision, source: source, by: by ?? Environment.user)
            for (source, revision, deletions) in approved {
                console.step(
                    .success, "approved \(counted(deletions.count, "deletion")) of \(source) at \(revision.short)")
                for (preset, group) in Dictionary(grouping: deletions, by: \.preset.name).sorted(by: { $0.key < $1.key }
                ) {
                    console.note("  \(preset): \(group.count)")
                }
            }
            console.note("The next sync carries them out.")
        }
    }
}
