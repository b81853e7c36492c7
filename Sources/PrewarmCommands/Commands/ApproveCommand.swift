import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Allow held deletions of a revision, or end the hold of a restored store.",
        discussion: """
            It is about the deletions that are held now, of the revision that is in force, in every source that has it \
            unless --source names one. A deletion more needs another approval, and so does a revision that changes one \
            of the presets. During a freeze it is of what the guard will hold when that ends.

            With --restored, prewarm acts again on what its store knows: it claims and deletes. Look at \
            `prewarm get orphans` first: they show what was made after the copy of the store.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The commit, or the beginning of it, as `status` shows it.")
    var revision: String?

    @Flag(help: "End the hold of a store that is a restored copy or new.")
    var restored = false

    @Option(help: ArgumentHelp("Of this source only.", valueName: "name"))
    var source: String?

    @Option(help: ArgumentHelp("Who does it; else $USER.", valueName: "who"))
    var by: String?

    func validate() throws {
        if revision == nil, !restored { throw ValidationError("name a commit, as `status` shows it, or --restored") }
        if revision != nil || source != nil, restored {
            throw ValidationError("--restored is about the whole store: it takes no revision and no --source")
        }
        if revision == "" { throw ValidationError("the revision is empty: name a commit, as `status` shows it") }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let author = Value.string(by ?? Environment.user)
            let approvals = try await session.post(
                "approve",
                body: [
                    "revision": revision.map { .string($0) }, "restored": restored ? .bool(true) : nil,
                    "source": source.map { .string($0) }, "by": author,
                ])
            for approval in approvals.elements { show(approval, console) }
            if session.local == nil || restored { return }
            console.note("The next sync carries them out.")
        }
    }

    private func show(_ approval: Value, _ console: Console) {
        if let hold = approval.text("hold") { return console.step(.success, "approved: \(hold)") }
        let deletions = counted(approval.number("deletions"), "deletion")
        console.step(
            .success,
            "approved \(deletions) of \(approval.text("source") ?? "") at \(approval.shortRevision("revision") ?? "")")
        for (preset, count) in approval["presets"]?.pairs ?? [] {
            console.note("  \(preset): \(count.int ?? 0)")
        }
    }
}
