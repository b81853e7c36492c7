import ArgumentParser
import PrewarmCore
import PrewarmEngine

struct ClaimCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Hand out a ready workspace.",
        discussion: "Exit code 3 where none is ready.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The preset, by its name or as source/name.")
    var preset: String

    @Option(help: ArgumentHelp("Who gets it.", valueName: "who"))
    var owner: String

    @Option(help: ArgumentHelp("How long to wait for one where none is ready, as 90s or 15m.", valueName: "duration"))
    var wait: DurationArgument?

    @Option(help: ArgumentHelp("Asking again with the same key gives the same workspace.", valueName: "key"))
    var idempotencyKey: String?

    @Option(name: .shortAndLong, help: "text, json or yaml.")
    var output = DataFormat.text

    func validate() throws {
        guard !owner.isEmpty, owner.unicodeScalars.count <= Owner.nameLimit else {
            throw ValidationError("--owner takes 1 to \(Owner.nameLimit) characters")
        }
        if let idempotencyKey, idempotencyKey.isEmpty || idempotencyKey.count > 256 {
            throw ValidationError("--idempotency-key takes 1 to 256 characters")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let name = PresetName(preset)
            if wait != nil { console.debug("waits for up to \(wait?.duration.prewarmText ?? "")") }
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
                        + "To claim from another one, write \(others.joined(separator: ", ")).")
            }
        }
    }

    private func show(_ workspace: Value, _ console: Console) {
        switch output {
        case .json: console.write(TerminalText(document: workspace.json))
        case .yaml: console.write(TerminalText(document: workspace.yaml))
        case .text:
            console.step(.success, "\(workspace.text("name") ?? "") is yours, \(owner)")
            var table = Table(["", ""], flexible: "")
            let rows = [
                ("id", workspace.text("id") ?? ""), ("endpoint", workspace.text("endpoint") ?? "none was given"),
            ]
            for (key, value) in rows + (workspace["metadata"]?.pairs ?? []).map({ ($0.key, $0.value.plainText ?? "") })
            {
                table.add([.init(key, .dim), .init(value)])
            }
            console.write(table.rowsText(colour: console.coloursOutput))
        }
    }
}

/// Waits for a workspace that is made for its owner since none was ready. Without a daemon this process makes it, unless
/// another is at it already.
private struct ColdClaim {
    let session: Session
    let owner: String
    let patience: Duration?

    func finished(_ workspace: Value, _ console: Console) async throws -> Value {
        let (id, name) = (workspace.text("id") ?? "", workspace.text("name") ?? "")
        let deadline = patience.map { ContinuousClock.now + $0 }
        console.step(.waiting, "none is ready: \(name) is being made for \(owner)")
        while true {
            if let context = session.local {
                _ = try await OperationRunner(context.engine, workspace: WorkspaceID(id)).run()
            }
            let found = try await session.get("workspaces", id)
            guard found.text("state") == WorkspaceState.claimed.rawValue else {
                let failed = found.list("operations").first { $0.text("error") != nil }
                throw CommandFailure(
                    "\(name) could not be made: \((failed?.text("error") ?? "it is gone").printable)",
                    hint: failed?.text("id").map { "see `prewarm logs \($0)`" })
            }
            if found.text("readyAt") != nil { return found }
            if let deadline, .now >= deadline {
                throw CommandFailure(
                    "\(name) is yours, and not ready in time",
                    hint: "the next sync goes on; see `prewarm describe workspace \(name)`")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give a claimed workspace up: it is deleted.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The workspace, by its id or name.")
    var workspace: String

    @Flag(help: "Leave the deletion to the next sync or to the daemon.")
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
                    "the deletion failed and is tried again by the next sync: \(failed.error ?? "")",
                    hint: "see `prewarm logs \(failed.id)`")
            }
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Clear the failures and backoffs of a preset, of an operation, or of everything.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The preset, by its name or as source/name; or the id of an operation.")
    var name: String?

    @Flag(help: "All presets and operations.")
    var all = false

    func validate() throws {
        if (name == nil) != all {
            throw ValidationError("name a preset or an operation, or use --all for all of them")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let session = try await Session.open(global)
            let body: KeyValuePairs<String, Value?> = name.map { ["name": .string($0)] } ?? ["all": .bool(true)]
            let retried = try await session.post("retry", body: body)
            let when = session.local == nil ? "tried again now" : "the next sync tries again at once"
            console.step(.success, "\(retried.text("message") ?? name ?? "all"): \(when)")
        }
    }
}
