import ArgumentParser
import PrewarmAPI
import PrewarmCore
import PrewarmEngine

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "End claims; prewarm deletes the workspaces.",
        discussion: """
            Examples:
              prewarm release go-large-swqygcqe
              prewarm release $(prewarm get workspaces --owner ada -o name)
              prewarm release 01m88dns3q96k6ef6pswqygcqe --no-wait
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("The names or IDs of workspaces.", valueName: "workspace"), completion: .claimedWorkspaces)
    var workspaces: [String] = []

    @Flag(help: "Leave the deletions to the daemon or to the next `prewarm sync`.")
    var noWait = false

    func validate() throws {
        if workspaces.isEmpty {
            throw ValidationError(
                "missing workspace: name one or more. To see those of ada: `prewarm get workspaces --owner ada`")
        }
    }

    /// Releases the workspaces in their order. A workspace that cannot be released does not keep the others.
    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            var failures: [CommandFailure] = []
            for workspace in workspaces {
                do {
                    try await release(workspace, session, console)
                } catch {
                    try Task.checkCancellation()
                    failures.append(CommandFailure(error))
                }
            }
            guard let last = failures.popLast() else { return }
            for failure in failures { console.error(failure) }
            throw last
        }
    }

    private func release(_ workspace: String, _ session: Session, _ console: Console) async throws {
        let released = try await ended(workspace, session)
        console.step(.success, "released \(released.name)")
        if !noWait { try await DeletionRun(session: session, console: console).finish(released) }
    }

    /// Ends a claim.
    /// - Throws: ``CommandFailure`` with another hint if the name is that of a preset.
    private func ended(_ workspace: String, _ session: Session) async throws -> WorkspaceDocument {
        do {
            return try await session.post("workspaces", workspace, "release", body: [:])
        } catch {
            guard let problem = Problem(error), problem.code == "UnknownWorkspace",
                let presets: [PresetDocument] = try await session.get("presets", query: ["name": workspace]),
                !presets.isEmpty
            else { throw error }
            throw CommandFailure(
                "\(problem.message): it is the name of a preset",
                hint: "see its workspaces: `prewarm get workspaces --preset \(PresetName(workspace).name)`")
        }
    }
}
