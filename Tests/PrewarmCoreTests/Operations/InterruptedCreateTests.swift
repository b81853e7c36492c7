import PrewarmCore
import Testing

@Suite("The delete after an interrupted create")
struct InterruptedCreateTests {
    private static let start = Timestamp(seconds: 1_800_000_000)

    private static func operation(_ kind: Operation.Kind, startedAt: Timestamp) -> Operation {
        var operation = Operation(
            id: OperationID("o-\(kind)"), kind: kind, workspace: WorkspaceID("w"),
            preset: PresetKey(source: "s", name: "a"), provisioner: "local", reason: .outdated,
            nextAttemptAt: startedAt, createdAt: startedAt)
        (operation.state, operation.attempt, operation.startedAt) = (.running, 1, startedAt)
        return operation
    }

    private static func settle(_ outcome: Outcome, after seconds: Int64, _ create: Operation?) -> Settlement {
        let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: [:])
        let workspace = Workspace(
            id: WorkspaceID("w"), preset: PresetKey(source: "s", name: "a"), spec: spec, fingerprint: spec.fingerprint,
            state: .deleting, createdAt: start)
        let time = start + .seconds(seconds)
        return Settlement.settle(
            operation(.delete, startedAt: time), of: workspace, outcome: outcome, now: time, create: create)
    }

    private static func cancelled(attempt: Int, error: String? = nil) -> Operation {
        var create = operation(.create, startedAt: start)
        (create.state, create.attempt, create.error, create.finishedAt) = (.cancelled, attempt, error, start)
        return create
    }

    @Test(
        "Within 15 s of the interruption the workspace is deleted again, since it may appear later",
        arguments: [Outcome.done(endpoint: nil, metadata: [:]), .lost])
    func again(outcome: Outcome) {
        let first = Self.settle(outcome, after: 2, Self.cancelled(attempt: 1))
        #expect(first.operation.state == .pending && first.operation.error == nil)
        #expect(first.workspace.state == .deleting)
        #expect(first.operation.nextAttemptAt == Self.start + .seconds(15))
        let second = Self.settle(outcome, after: 15, Self.cancelled(attempt: 1))
        #expect(second.operation.state == .succeeded && second.workspace.state == .deleted)
    }

    @Test("A create that never started, or that was answered, needs no second delete")
    func once() {
        for create in [Self.cancelled(attempt: 0), Self.cancelled(attempt: 1, error: "busy"), nil] {
            #expect(Self.settle(.lost, after: 0, create).workspace.state == .deleted)
        }
    }
}
