import ArgumentParser
import PrewarmCore
import PrewarmEngine
import PrewarmServer

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

    @Argument(
        help: "The name of a preset, or SOURCE/NAME if several sources have a preset of that name.",
        completion: .presets)
    var preset: String

    @Option(
        help: ArgumentHelp(
            "The name of the owner, 1 to \(Owner.nameLimit) characters (default with the token of a claimer: its name).",
            valueName: "name"))
    var owner: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait if no workspace is ready, for example 90s or 15m (default: do not wait).",
            valueName: "duration"),
        transform: DurationArgument.init(argument:))
    var wait: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "The priority in the queue, from 0 to 100 (default: the one of the token).", valueName: "number"))
    var priority: Int?

    @Option(
        help: ArgumentHelp(
            "A key of 1 to 256 characters. If you claim again with the same key, you get the same workspace.",
            valueName: "key"))
    var idempotencyKey: String?

    @OptionGroup(title: "Claim parameters")
    var parameters: ClaimParameterOptions

    @Option(name: .shortAndLong, help: "The output format.")
    var output = DataFormat.text

    func validate() throws {
        if owner == nil, global.server == nil, Environment.value("PREWARM_SERVER") == nil {
            throw ValidationError("missing --owner: only the token of a claimer has a default owner")
        }
        if let owner, owner.isEmpty || owner.unicodeScalars.count > Owner.nameLimit {
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
                console.step(
                    .waiting, "waiting at most \(wait.duration.prewarmText) for a ready workspace of \(preset)")
            }
            try await parameters.refuseSecretArguments(of: preset, in: session)
            let given = try parameters.values()
            var workspace = try await claimed(name, given, in: session, console)
            if workspace.text("handover") == HandoverState.pending.rawValue {
                workspace = try await PendingHandover(session: session, parameters: given, patience: wait?.duration)
                    .finished(workspace, console)
            } else if workspace["cold"]?.bool == true {
                let owner = workspace.text("owner") ?? ""
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
            if let error = workspace.text("handoverError") {
                throw CommandFailure(
                    "claimed \(workspace.text("name") ?? ""), but the handover failed: \(error.printable)",
                    hint: "ask again with `prewarm credentials \(workspace.text("name") ?? "")`, or read "
                        + "`prewarm logs \(workspace.text("name") ?? "")`")
            }
        }
    }

    /// Claims a workspace. The API waits for a limited time, so the request is repeated until `--wait` is over.
    /// - Throws: ``CommandFailure`` with the time of the wait if no workspace was ready in time.
    private func claimed(
        _ name: PresetName, _ given: Value?, in session: Session, _ console: Console
    ) async throws -> Value {
        let startedAt = ContinuousClock.now
        let deadline = wait.map { startedAt + $0.duration }
        var continued: ClaimID?
        var display = QueueDisplay(console)
        while true {
            // The API reads a number with one unit.
            let rest = deadline.map { max($0 - .now, .seconds(1)).components.seconds }
            do {
                let answer = try await session.post(
                    "presets", name.name, "claims", query: ["source": name.source],
                    body: [
                        "owner": owner.map { .string($0) },
                        "wait": rest.map { .string("\(min($0, QueueDisplay.interval))s") },
                        "continues": continued.map { .string($0.rawValue) },
                        "queue": (rest ?? 0) > QueueDisplay.interval ? .bool(true) : nil,
                        "priority": priority.map { .int($0) }, "parameters": given,
                    ],
                    idempotencyKey: idempotencyKey)
                guard let ticket = answer.text("ticket") else { return answer }
                continued = ClaimID(ticket)
                display.show(answer)
            } catch {
                guard wait != nil, let problem = Problem(error), problem.code == "NothingReady" else { throw error }
                throw CommandFailure(
                    "\(problem.message) (waited \((ContinuousClock.now - startedAt).age))", hint: problem.hint,
                    code: .nothingReady)
            }
        }
    }

    private func show(_ workspace: Value, _ console: Console) {
        switch output {
        case .json: console.write(TerminalText(document: workspace.json))
        case .yaml: console.write(TerminalText(document: workspace.yaml))
        case .text:
            console.step(
                .success, "claimed \(workspace.text("name") ?? "") for \(workspace.text("owner") ?? owner ?? "")")
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
            console.writeCredentials(of: workspace)
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
