import ClockSupport
import Logging
import PrewarmCore
import PrewarmEngine
import Synchronization
import Testing

/// A provisioner whose calls end when the test ends them.
private final class StubbornProvisioner: Provisioner {
    private let state = Mutex(State())

    struct State {
        var ending = 0
        var mayEnd = false
        var performed: [WorkspaceID] = []
    }

    let operations: Set<ProvisionerOperation> = [.create, .delete]
    let concurrency = 100

    func with<Result>(_ body: (inout State) -> Result) -> Result { state.withLock { body(&$0) } }

    func perform(
        _ request: ProvisionerRequest, started: @Sendable (ProcessMark) async throws -> Void
    ) async -> ProvisionerReply {
        with { $0.performed.append(request.workspace.id) }
        return ProvisionerReply(outcome: .done(endpoint: nil, metadata: [:]))
    }

    func list() async throws(ProvisionerFailure) -> [ListedWorkspace] { [] }

    func end(_ mark: ProcessMark) async {
        with { $0.ending += 1 }
        while !with(\.mayEnd) { try? await Task.sleep(for: .milliseconds(5)) }
    }
}

@Suite("The operations of a killed process")
struct RecoveryTests {
    private let world: World
    private let provisioner = StubbornProvisioner()
    private let store: any Store
    private let leftOver: [WorkspaceID]
    private let new: WorkspaceID

    /// Inserts 64 creates that a dead process runs, and a new one.
    init() async throws {
        world = try World()
        store = try world.open()
        world.with { $0.deadHolders = ["dead"] }
        let now = world.with(\.now)
        leftOver = (0..<64).map { WorkspaceID("left-over-\($0)") }
        new = WorkspaceID("new")
        let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: [:])
        let preset = PresetKey(source: "presets", name: "a")
        let ids = leftOver + [new]
        try await store.write { [leftOver] store in
            try store.insert(
                ids.map { id in
                    Workspace(
                        id: id, preset: preset, spec: spec, fingerprint: spec.fingerprint, state: .creating,
                        createdAt: now)
                })
            try store.insert(
                ids.map { id in
                    Operation(
                        id: OperationID(making: id), kind: .create, workspace: id, preset: preset,
                        provisioner: "local", reason: .belowDesired, nextAttemptAt: now, createdAt: now)
                })
            for id in leftOver {
                guard var record = try store.operation(OperationID(making: id)) else { continue }
                record.operation.state = .running
                record.operation.attempt = 1
                record.lease = Lease(holder: "dead", fence: 1, until: now + .seconds(3600))
                record.mark = ProcessMark(group: 2, startTime: 1, bootID: "here")
                try store.update(record)
            }
        }
    }

    private var engine: Engine {
        Engine(
            store: store, sources: [], provisioners: ["local": provisioner], defaultProvisioner: "local",
            policy: Policy(), parser: ManifestParsing(version: 1, sizeLimit: 1) { _ in ParsedFile() },
            clock: world.clock, random: randomBits, holder: "heir",
            isDead: { [world] holder in world.with { $0.deadHolders.contains(holder) } })
    }

    @Test(
        "All processes of a killed prewarm are ended at the same time, and no other operation waits for that",
        arguments: [false, true])
    func atOnce(_ isDaemon: Bool) async throws {
        let runner = OperationRunner(engine)
        let signal = Signal()
        let run = Task {
            if isDaemon {
                await runner.serve(signal, progress: LoopProgress(world.clock), logger: Logger(label: "test"))
            } else {
                _ = try await runner.run()
            }
        }
        try await eventually("the processes are being ended") { provisioner.with(\.ending) == 64 }
        try await eventually("the new operation runs") { provisioner.with(\.performed) == [new] }
        provisioner.with { $0.mayEnd = true }
        try await eventually("the other operations run") { Set(provisioner.with(\.performed)) == Set(leftOver + [new]) }
        signal.send(.stop)
        try await run.value
        #expect(provisioner.with(\.performed).count == 65)
        #expect(try await store.read { try $0.operations(OperationFilter(states: [.running])) }.isEmpty)
    }
}
