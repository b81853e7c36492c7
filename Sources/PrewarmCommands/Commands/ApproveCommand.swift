import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Allow held deletions of a revision, or resume after a restore.",
        discussion: """
            An approval covers the deletions that are held now for the applied revision. Any further deletion needs a \
            new approval, and so does a revision that changes one of the presets. During a freeze, an approval covers \
            the deletions that will be held when the freeze ends.

            If prewarm finds that its store was restored from a copy, it refuses claims and holds deletions. If the \
            store is new, prewarm keeps orphans. --restored ends this hold. Run `prewarm get orphans` first: it lists \
            the workspaces that were created after the copy.

            Examples:
              prewarm approve fb7293a2
              prewarm approve fb7293a2 --source presets
              prewarm approve --restored
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The commit that `prewarm status` shows, or its first 6 or more digits.")
    var revision: String?

    @Flag(help: "End the hold of a store that is new or was restored from a copy.")
    var restored = false

    @Option(
        help: ArgumentHelp(
            "Approve only in this source (default: every source with this revision).", valueName: "name"),
        completion: .sources
    )
    var source: String?

    @Option(help: ArgumentHelp("The name to record in the audit log (default: $USER).", valueName: "name"))
    var by: String?

    func validate() throws {
        if revision == nil, !restored {
            throw ValidationError("missing revision: give a commit that `prewarm status` shows, or --restored")
        }
        if let other = revision.map({ "revision \"\($0)\"" }) ?? source.map({ "--source \($0)" }), restored {
            throw ValidationError("cannot use --restored with \(other): --restored applies to the whole store")
        }
        if revision == "" {
            throw ValidationError("invalid revision \"\": it must be a commit that `prewarm status` shows")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let author = Value.string(by ?? Environment.user)
            let approvals: [ApprovalDocument] = try await session.post(
                "approve",
                body: [
                    "revision": revision.map { .string($0) }, "restored": restored ? .bool(true) : nil,
                    "source": source.map { .string($0) }, "by": author,
                ])
            for approval in approvals { show(approval, console) }
            if session.local == nil || restored { return }
            console.note("The next `prewarm sync` deletes the workspaces.")
        }
    }

    private func show(_ approval: ApprovalDocument, _ console: Console) {
        if let hold = approval.hold { return console.step(.success, "approved: \(hold)") }
        let deletions = counted(approval.deletions ?? 0, "deletion")
        console.step(
            .success,
            "approved \(deletions) of \(approval.source ?? "") at \(approval.revision?.shortRevision ?? "")")
        for (preset, count) in approval.presets?.pairs ?? [] {
            console.note("  \(preset): \(count)")
        }
    }
}
