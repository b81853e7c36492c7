import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Claim a ready workspace of a preset for its owner.",
        discussion: """
            If no workspace is ready, the command fails with exit code 3. With --wait it first waits for a workspace. \
            If the preset has `onEmpty: create`, prewarm creates a workspace for the owner.

            Examples:
              prewarm claim go-large --owner ada
              prewarm claim go-large --owner ada --wait 5m --output json
              prewarm claim team-a/go-large --owner ci --idempotency-key job-42
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.")
    var preset: String

    @Option(help: ArgumentHelp("The name of the owner, 1 to \(Owner.nameLimit) characters.", valueName: "name"))
    var owner: String

    @Option(
        help: ArgumentHelp(
            "How long to wait if no workspace is ready, for example 90s or 15m (default: do not wait).",
            valueName: "duration"))
    var wait: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "A key of 1 to 256 characters. If you claim again with the same key, you get the same workspace.",
            valueName: "key"))
    var idempotencyKey: String?

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func validate() throws {
        guard !owner.isEmpty, owner.unicodeScalars.count <= Owner.nameLimit else {
            throw ValidationError(
                "invalid --owner: it must have 1 to \(Owner.nameLimit) characters, not \(owner.unicodeScalars.count)")
        }
        if let idempotencyKey, idempotencyKey.isEmpty || idempotencyKey.count > 256 {
            throw ValidationError(
                "invalid --idempotency-key: it must have 1 to 256 characters, not \(idempotencyKey.count)")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let name = PresetName(preset)
            if let wait {
                console.debug("waiting for a ready workspace for at most \(wait.duration.prewarmText)")
            }
            var workspace = try await session.post(
                "presets", name.name, "claims", query: ["source": name.source],
                body: ["owner": .string(owner), "wait": wait.map { .string($0.duration.prewarmText) }],
                idempotencyKey: idempotencyKey)
            if workspace["cold"]?.bool == true {
                workspace = try await ColdClaim(session: session, owner: owner, patience: wait?.duration)
                    .finished(workspace, console)
            }
            show(workspace, console)
            let others = workspace.list("otherPresets").compactMap(\.string)
            if !others.isEmpty {
                let chosen = "\(workspace.text("source") ?? "")/\(workspace.text("preset") ?? "")"
                console.note(
                    "Several sources have a preset \"\(preset)\": this workspace is from \(chosen). "
                        + "To claim from another source, use \(others.joined(separator: " or ")).")
            }
        }
    }

    private func show(_ workspace: Value, _ console: Console) {
        switch output {
        case .json: console.write(TerminalText(document: workspace.json))
        case .yaml: console.write(TerminalText(document: workspace.yaml))
        case .text:
            console.step(.success, "claimed \(workspace.text("name") ?? "") for \(owner)")
            var table = Table(["", ""], flexible: "")
            let rows = [
                ("id", workspace.text("id") ?? ""),
                ("endpoint", workspace.text("endpoint") ?? "the provisioner gave none"),
            ]
            for (key, value) in rows + (workspace["metadata"]?.pairs ?? []).map({ ($0.key, $0.value.plainText ?? "") })
            {
                table.add([.init(key, .dim), .init(value)])
            }
            console.write(table.rowsText(color: console.colorsOutput))
        }
    }
}

/// Waits for the workspace that prewarm creates for an owner because the pool was empty (`onEmpty: create`). Without a
/// daemon, this process runs the create operation unless another process runs it already.
private struct ColdClaim {
    let session: Session
    let owner: String
    /// The longest time to wait; nil if there is no limit.
    let patience: Duration?

    /// Returns the workspace as soon as it is ready.
    /// - Throws: ``CommandFailure`` if the workspace was deleted, or is not ready within the limit.
    func finished(_ workspace: Value, _ console: Console) async throws -> Value {
        let (id, name) = (workspace.text("id") ?? "", workspace.text("name") ?? "")
        let deadline = patience.map { ContinuousClock.now + $0 }
        console.step(.waiting, "no workspace is ready: prewarm creates \(name) for \(owner)")
        while true {
            if let context = session.local {
                _ = try await OperationRunner(context.engine, workspace: WorkspaceID(id)).run()
            }
            let found = try await session.get("workspaces", id)
            guard found.text("state") == WorkspaceState.claimed.rawValue else {
                let failed = found.list("operations").first { $0.text("error") != nil }
                throw CommandFailure(
                    "cannot create \(name): \((failed?.text("error") ?? "the workspace was deleted").printable)",
                    hint: failed?.text("id").map { "read the log: `prewarm logs \($0)`" })
            }
            if found.text("readyAt") != nil { return found }
            if let deadline, .now >= deadline {
                throw CommandFailure(
                    "claimed \(name) for \(owner), but it is not ready within \((patience ?? .zero).prewarmText)",
                    hint: "follow it with `prewarm describe workspace \(name)`; "
                        + (session.local == nil ? "the daemon continues" : "the next `prewarm sync` continues"))
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "End a claim; prewarm deletes the workspace.",
        discussion: """
            Examples:
              prewarm release go-large-swqygcqe
              prewarm release 01m88dns3q96k6ef6pswqygcqe --no-wait
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name or ID of the workspace.")
    var workspace: String

    @Flag(help: "Leave the deletion to the daemon or to the next `prewarm sync`.")
    var noWait = false

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let released = try await session.post("workspaces", workspace, "release", body: [:])
            console.step(.success, "released \(released.text("name") ?? workspace)")
            guard !noWait, let context = session.local, released.text("state") != WorkspaceState.deleted.rawValue
            else { return }
            let display = ProgressDisplay(console, drawsLive: false)
            let report = try await OperationRunner(
                context.engine, workspace: WorkspaceID(released.text("id") ?? "")
            ) {
                display.show(.operation($0))
            }
            .run()
            if let failed = report.failed.first {
                throw CommandFailure(
                    "cannot delete \(released.text("name") ?? workspace): \(failed.error ?? "")",
                    hint: "read the log: `prewarm logs \(failed.id)`; the next `prewarm sync` tries again")
            }
            if let waiting = report.notStarted.values.first {
                throw CommandFailure(
                    "cannot delete \(released.text("name") ?? workspace): \(waiting.error ?? "")",
                    hint: "the next `prewarm sync` tries again")
            }
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Clear the failures and backoff of a preset, an operation or all.",
        discussion: """
            prewarm then tries again at once instead of waiting for the backoff.

            Examples:
              prewarm retry go-large
              prewarm retry --all
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The name of a preset, SOURCE/NAME, or the ID of an operation.")
    var name: String?

    @Flag(help: "Clear the failures of all presets and operations.")
    var all = false

    func validate() throws {
        if (name == nil) != all {
            throw ValidationError(
                name.map { "cannot use --all with \"\($0)\": give a preset or an operation, or --all" }
                    ?? "missing name: give a preset or the ID of an operation, or --all")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global, for: .store)
            let body: KeyValuePairs<String, Value?> = name.map { ["name": .string($0)] } ?? ["all": .bool(true)]
            let retried = try await session.post("retry", body: body)
            let when = session.local == nil ? "the daemon tries again now" : "the next `prewarm sync` tries again"
            console.step(.success, "\(retried.text("message") ?? name ?? "all"): \(when)")
        }
    }
}
