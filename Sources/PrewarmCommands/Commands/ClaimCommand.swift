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
        guard !owner.isEmpty, owner.count <= 256 else { throw ValidationError("--owner takes 1 to 256 characters") }
        if let idempotencyKey, idempotencyKey.isEmpty || idempotencyKey.count > 256 {
            throw ValidationError("--idempotency-key takes 1 to 256 characters")
        }
    }

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let deadline = wait.map { context.engine.now() + $0.duration }
            var workspace = try await claim(context, until: deadline, console: console)
            if let idempotencyKey, workspace.state != .claimed {
                throw CommandFailure(
                    "\(workspace.name), which the idempotency key \"\(idempotencyKey)\" got, was given up",
                    hint: "use a new key for a new claim")
            }
            if workspace.isCold { workspace = try await make(workspace, context, until: deadline, console: console) }
            switch output {
            case .json: console.write(Value(workspace, ttl: nil).json)
            case .yaml: console.write(Value(workspace, ttl: nil).yaml)
            case .text:
                console.step(.success, "\(workspace.name) is yours, \(owner)")
                var table = Table(["", ""], flexible: "")
                for (key, value) in [
                    ("id", workspace.id.rawValue), ("endpoint", workspace.endpoint ?? "none was given"),
                ]
                    + workspace.metadata.sorted(by: { $0.key < $1.key })
                {
                    table.add([.init(key, .dim), .init(value.asOneLine)])
                }
                console.write(table.rowsText(colour: console.coloursOutput))
            }
        }
    }

    /// None was ready: this process makes one, unless another is at it already.
    private func make(
        _ workspace: Workspace, _ context: Context, until deadline: Timestamp?, console: Console
    ) async throws -> Workspace {
        console.step(.waiting, "none is ready: \(workspace.name) is being made for \(owner)")
        while true {
            _ = try await OperationRunner(context.engine, workspace: workspace.id).run()
            let found = try await context.store.read { try $0.workspace(workspace.id.rawValue) }
            guard let found, found.state == .claimed else {
                let failed = try await context.store.read { store in
                    try store.operations(OperationFilter(workspace: workspace.id, states: [.failed])).first?.operation
                }
                throw CommandFailure(
                    "\(workspace.name) could not be made: \(failed?.error?.asOneLine ?? "it is gone")",
                    hint: failed.map { "see `prewarm logs \($0.id)`" })
            }
            if found.readyAt != nil { return found }
            if let deadline, context.engine.now() >= deadline {
                throw CommandFailure(
                    "\(workspace.name) is yours, and not ready in time",
                    hint: "the next sync goes on; see `prewarm describe workspace \(workspace.name)`")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func claim(_ context: Context, until deadline: Timestamp?, console: Console) async throws -> Workspace {
        var isTold = false
        while true {
            do {
                return try await context.engine.claim(preset, owner: owner, idempotencyKey: idempotencyKey)
            } catch ClaimError.nothingReady(let preset, let starting) {
                guard let deadline, context.engine.now() < deadline else {
                    throw ClaimError.nothingReady(preset, starting: starting)
                }
                if !isTold { console.step(.waiting, "none is ready, \(starting) on the way; waiting") }
                isTold = true
                try await Task.sleep(for: .milliseconds(100))
            }
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
            let context = try await Context.open(global)
            let released = try await context.engine.release(workspace)
            console.step(.success, "released \(released.name)")
            guard !noWait, released.state != .deleted else { return }
            let display = ProgressDisplay(console, drawsLive: false)
            let report = try await OperationRunner(context.engine, workspace: released.id) {
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
        abstract: "Clear the backoff of a preset or an operation.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The preset, by its name or as source/name; or the id of an operation.")
    var name: String

    func run() async throws {
        try await finish(global) { console in
            let context = try await Context.open(global)
            let retried = try await context.engine.retry(name)
            console.step(.success, "\(retried): the next sync tries again at once")
        }
    }
}
