import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Let held deletions of a revision go on.",
        discussion: """
            It is about the deletions that are held now, of the revision that is in force, in every source that has it \
            unless --source names one. A deletion more needs another approval, and so does a revision that changes one \
            of the presets. During a freeze it is of what the guard will hold when that ends.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The commit, or the beginning of it, as `status` shows it.")
    var revision: String

    @Option(help: ArgumentHelp("Of this source only.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func validate() throws {
        if revision.isEmpty { throw ValidationError("the revision is empty: name a commit, as `status` shows it") }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let approvals = try await session.post(
                "approve",
                body: [
                    "revision": .string(revision), "source": source.map { .string($0) },
                    "by": .string(by ?? Environment.user),
                ])
            for approval in approvals.elements {
                let deletions = counted(approval.number("deletions"), "deletion")
                console.step(
                    .success,
                    "approved \(deletions) of \(approval.text("source") ?? "") at \(approval.shortRevision("revision") ?? "")"
                )
                for (preset, count) in approval["presets"]?.pairs ?? [] {
                    console.note("  \(preset): \(count.int ?? 0)")
                }
            }
            if session.local == nil { return }
            console.note("The next sync carries them out.")
        }
    }
}
