import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer

/// The steps of `claim` and `with` until the owner has a usable workspace.
struct ClaimSteps {
    let session: Session
    let target: ClaimTarget
    /// The name of the owner; nil for the owner of the token.
    let owner: String?
    /// The longest time to wait for a ready workspace; nil if the command does not wait.
    var wait: Duration?
    /// The length of the lease that the user asks for; nil for that of the preset.
    var length: Duration?
    /// The priority in the queue; nil for that of the token.
    var priority: Int?
    /// The claim parameters; nil for none.
    var parameters: Value?
    let idempotencyKey: String?

    /// Returns the document of the claimed workspace.
    /// - Throws: ``CommandFailure`` if no workspace was ready in time, or if it could not be created.
    func run(_ console: Console) async throws -> WorkspaceDocument {
        if let wait {
            console.step(.waiting, "waiting at most \(wait.prewarmText) for a ready workspace of \(target.description)")
        }
        let workspace = try await claimed(console)
        if workspace.handover.map({ $0 == .pending }) == true {
            return try await PendingHandover(session: session, parameters: parameters, patience: wait)
                .finished(workspace, console)
        }
        guard workspace.cold == true else { return workspace }
        return try await ColdClaim(session: session, owner: workspace.owner ?? "", patience: wait)
            .finished(workspace, console)
    }

    /// Claims a workspace. The API waits for a limited time, so the request is repeated until `--wait` is over.
    /// - Throws: ``CommandFailure`` with the time of the wait if no workspace was ready in time.
    func claimed(_ console: Console) async throws -> WorkspaceDocument {
        let (path, query) = target.route
        let startedAt = ContinuousClock.now
        let deadline = wait.map { startedAt + $0 }
        var continued: ClaimID?
        var display = QueueDisplay(console)
        while true {
            // The API reads a number with one unit.
            let rest = deadline.map { max($0 - .now, .seconds(1)).components.seconds }
            do {
                let answer: ClaimAnswer = try await session.post(
                    path, query: query,
                    body: Value.object(known: target.members).merging([
                        "owner": owner.map { .string($0) },
                        "wait": rest.map { .string("\(min($0, QueueDisplay.interval))s") },
                        "for": length.map { .string($0.prewarmText) },
                        "continues": continued.map { .string($0.rawValue) },
                        "queue": (rest ?? 0) > QueueDisplay.interval ? .bool(true) : nil,
                        "priority": priority.map { .int($0) }, "parameters": parameters,
                    ]), idempotencyKey: idempotencyKey)
                let place: ClaimDocument
                switch answer {
                case .granted(let workspace): return workspace
                case .waiting(let waiting): place = waiting
                }
                guard let deadline, .now < deadline else {
                    throw CommandFailure("cannot claim a workspace: the server answered that the claim still waits")
                }
                continued = ClaimID(place.id)
                display.show(place)
                // A server that does not wait must not be asked all the time.
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                guard wait != nil, let problem = Problem(error), problem.code == "NothingReady" else { throw error }
                throw CommandFailure(
                    "\(problem.message) (waited \((ContinuousClock.now - startedAt).age))", hint: problem.hint,
                    code: .nothingReady)
            }
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
    func finished(_ workspace: WorkspaceDocument, _ console: Console) async throws -> WorkspaceDocument {
        let (id, name) = (workspace.id, workspace.name)
        let deadline = patience.map { ContinuousClock.now + $0 }
        console.step(.waiting, "no workspace is ready: prewarm creates \(name) for \(owner)")
        while true {
            if let context = session.local {
                _ = try await OperationRunner(context.engine, workspace: WorkspaceID(id)).run()
            }
            let found: WorkspaceDescription = try await session.get("workspaces", id)
            guard found.state == .claimed else {
                let failed = found.operations.first { $0.error != nil }
                throw CommandFailure(
                    "cannot create \(name): \((failed?.error ?? "the workspace was deleted").printable)",
                    hint: failed.map { "read the log: `prewarm logs \($0.id)`" })
            }
            if found.readyAt != nil { return found.base }
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

/// The answer to a claim that may wait.
private enum ClaimAnswer: Decodable {
    case granted(WorkspaceDocument)
    /// The claim waits at a place in the queue.
    case waiting(ClaimDocument)

    private enum CodingKeys: CodingKey {
        case ticket
    }

    init(from decoder: any Decoder) throws {
        let isWaiting = try decoder.container(keyedBy: CodingKeys.self).contains(.ticket)
        self = isWaiting ? .waiting(try ClaimDocument(from: decoder)) : .granted(try WorkspaceDocument(from: decoder))
    }
}
