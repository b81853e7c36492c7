import PrewarmCore
import Testing

@Suite("The delete after a create without an answer")
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

    /// Returns a create that has ended.
    /// - Parameter unansweredAfter: The seconds after which an attempt ended without an answer; nil if each was answered.
    private static func create(
        _ state: Operation.State, error: String? = nil, unansweredAfter: Int64? = nil, attempt: Int = 1
    ) -> Operation {
        var create = operation(.create, startedAt: start)
        (create.state, create.attempt, create.error, create.finishedAt) = (state, attempt, error, start)
        create.unansweredAt = unansweredAfter.map { start + .seconds($0) }
        return create
    }

    @Test(
        "Within 15 s of an attempt without an answer the workspace is deleted again, since it may appear later",
        arguments: [Outcome.done(endpoint: nil, metadata: [:]), .lost],
        [
            create(.cancelled, unansweredAfter: 0),
            // prewarm ended the attempt itself.
            create(.cancelled, error: "the workspace is no longer desired", unansweredAfter: 0),
            // An earlier attempt had no answer, and a later one has.
            create(.cancelled, error: "busy", unansweredAfter: 0, attempt: 2),
            create(.failed, error: "no such image", unansweredAfter: 0, attempt: 2),
            create(.failed, error: "timed out after 10m", unansweredAfter: 0),
            create(.succeeded, unansweredAfter: 0, attempt: 2),
        ])
    func again(outcome: Outcome, create: Operation) {
        let first = Self.settle(outcome, after: 2, create)
        #expect(first.operation.state == .pending && first.operation.error == nil)
        #expect(first.workspace.state == .deleting)
        #expect(first.operation.nextAttemptAt == Self.start + .seconds(15))
        let second = Self.settle(outcome, after: 15, create)
        #expect(second.operation.state == .succeeded && second.workspace.state == .deleted)
    }

    @Test(
        "A create that never started, or whose attempts were all answered, needs no second delete",
        arguments: [
            create(.cancelled, attempt: 0), create(.cancelled, error: "busy"), create(.failed, error: "no such image"),
            create(.succeeded), nil,
        ])
    func once(create: Operation?) {
        #expect(Self.settle(.lost, after: 0, create).workspace.state == .deleted)
    }

    @Test(
        "The time of an attempt without an answer is kept, whatever follows",
        arguments: [
            Outcome.tryLater("the command was ended because prewarm stops"), .failed("timed out after 10m"),
            .refused(ProviderError(.transient, "no answer")),
        ])
    func recorded(outcome: Outcome) {
        let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: [:])
        let workspace = Workspace(
            id: WorkspaceID("w"), preset: PresetKey(source: "s", name: "a"), spec: spec, fingerprint: spec.fingerprint,
            state: .creating, createdAt: Self.start)
        let create = Self.operation(.create, startedAt: Self.start)
        let now = Self.start + .seconds(3)
        let first = Settlement.settle(create, of: workspace, outcome: outcome, now: now, isUnanswered: true)
        #expect(first.operation.unansweredAt == now)
        let answered = Outcome.done(endpoint: nil, metadata: [:])
        let later = Settlement.settle(first.operation, of: workspace, outcome: answered, now: now + .seconds(1))
        #expect(later.operation.unansweredAt == now)
        let clean = Settlement.settle(create, of: workspace, outcome: outcome, now: now)
        #expect(clean.operation.unansweredAt == nil)
    }
}
