import PrewarmCore
import Testing

@Suite("The settlement of a handover")
struct HandoverSettlementTests {
    private static let now = Timestamp(seconds: 1_800_000_000)

    private static func workspace(
        _ handover: HandoverState = .pending, state: WorkspaceState = .claimed
    ) -> Workspace {
        let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: [:])
        return Workspace(
            id: WorkspaceID("w1"), preset: PresetKey(source: "main", name: "go"), spec: spec,
            fingerprint: spec.fingerprint, state: state, owner: "ada", createdAt: now, readyAt: now, claimedAt: now,
            endpoint: "old", handover: handover)
    }

    private static func operation(attempt: Int = 1) -> PrewarmCore.Operation {
        PrewarmCore.Operation(
            id: OperationID("o1"), kind: .claim, workspace: WorkspaceID("w1"),
            preset: PresetKey(source: "main", name: "go"), provisioner: "local", reason: .claimed, state: .running,
            attempt: attempt, nextAttemptAt: now, createdAt: now)
    }

    struct Case: Sendable {
        let outcome: Outcome
        let policy: HandoverSpec.FailurePolicy
        let handover: HandoverState
        let expected: String
    }

    @Test(
        "The outcome and the template decide what becomes of the workspace",
        arguments: [
            Case(
                outcome: .done(endpoint: nil, metadata: [:]), policy: .replace, handover: .pending,
                expected: "done: succeeded, claimed, done"),
            Case(
                outcome: .failed("no"), policy: .replace, handover: .pending,
                expected: "replaced: failed, deleting, failed"),
            Case(outcome: .failed("no"), policy: .keep, handover: .pending, expected: "kept: failed, claimed, failed"),
            Case(outcome: .lost, policy: .replace, handover: .pending, expected: "replaced: failed, deleting, failed"),
            Case(
                outcome: .starting(endpoint: nil, metadata: [:]), policy: .replace, handover: .pending,
                expected: "replaced: failed, deleting, failed"),
            Case(
                outcome: .failed("no"), policy: .replace, handover: .done,
                expected: "unanswered: failed, claimed, done"),
            Case(
                outcome: .failed("no"), policy: .replace, handover: .failed, expected: "kept: failed, claimed, failed"),
            Case(
                outcome: .done(endpoint: nil, metadata: [:]), policy: .keep, handover: .failed,
                expected: "done: succeeded, claimed, done"),
        ])
    func outcomes(_ test: Case) {
        let settled = HandoverSettlement.settle(
            Self.operation(), of: Self.workspace(test.handover), outcome: test.outcome, policy: test.policy,
            left: .seconds(10), now: Self.now)
        #expect(Self.text(settled) == test.expected)
        #expect(settled.workspace.endpoint == "old", "an answer without an endpoint keeps it")
    }

    private static func text(_ settled: HandoverSettlement) -> String {
        "\(settled.effect): \(settled.operation.state), \(settled.workspace.state), \(settled.workspace.handover)"
    }

    @Test("A busy provisioner is asked again until the time is over")
    func busy() {
        func settled(left: Duration, attempt: Int) -> HandoverSettlement {
            HandoverSettlement.settle(
                Self.operation(attempt: attempt), of: Self.workspace(), outcome: .tryLater("busy"), policy: .replace,
                left: left, now: Self.now)
        }
        for attempt in 1...20 {
            let again = settled(left: .seconds(30), attempt: attempt)
            guard case .retry(let delay) = again.effect else {
                Issue.record("attempt \(attempt) is not repeated")
                continue
            }
            #expect(delay >= .milliseconds(250) && delay <= .seconds(5))
            #expect(again.operation.state == .pending && again.workspace == Self.workspace())
        }
        let late = settled(left: .milliseconds(100), attempt: 1)
        #expect(late.effect == .replaced && late.operation.error == "not ready in time: busy")
    }

    @Test("A handover of a released workspace changes nothing", arguments: [true, false])
    func released(isDone: Bool) {
        let workspace = Self.workspace(state: .deleting)
        let settled = HandoverSettlement.settle(
            Self.operation(), of: workspace, outcome: isDone ? .done(endpoint: "new", metadata: [:]) : .failed("no"),
            policy: .replace, left: .seconds(10), now: Self.now)
        #expect(settled.effect == .ended && settled.workspace == workspace && settled.operation.state == .cancelled)
    }

    @Test("The end of the process deletes a workspace that was not handed over, and no other")
    func interrupted() {
        let pending = HandoverSettlement.interrupt(Self.operation(), of: Self.workspace(), now: Self.now)
        #expect(Self.text(pending) == "replaced: failed, deleting, failed")
        #expect(pending.operation.error == HandoverSettlement.interruption)
        let again = HandoverSettlement.interrupt(Self.operation(), of: Self.workspace(.done), now: Self.now)
        #expect(Self.text(again) == "unanswered: failed, claimed, done")
    }
}
