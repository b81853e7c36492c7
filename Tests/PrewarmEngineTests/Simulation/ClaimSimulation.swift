import Foundation
import PrewarmCore
import PrewarmEngine

/// A seeded run of claims, crashes, outages and clock jumps in virtual time, beside a model of what must hold.
///
/// Up to two processes use one store. Steps run one after the other, so a seed always takes the same steps; a process can
/// die between any two writes of a step. After each step, ``check()`` compares the store with the model.
final class ClaimSimulation {
    /// A process with the store open.
    final class Daemon {
        let engine: Engine
        let life: MortalStore.Life
        var watch = LeaseWatch(serves: true)
        /// The claims that wait in this process.
        var tickets: [WaitingTicket] = []

        init(_ engine: Engine, _ life: MortalStore.Life) {
            self.engine = engine
            self.life = life
        }
    }

    struct WaitingTicket {
        var attempt: ClaimAttempt
        let preset: String
        let owner: Owner
        let key: ClaimKey?
    }

    /// A claim whose owner was told that the workspace is usable, or may not have been told before a crash.
    struct Promise {
        let preset: String
        var owner: Owner
        let workspace: WorkspaceID
        /// The time that a sign of life gives at least.
        let ttl: Duration
        /// The countable time until which the lease cannot end without a renewal (``ClaimSimulation/counted``).
        var keptUntil: Duration
        /// The times of the claim by ``ClaimSimulation/served`` and ``ClaimSimulation/free``.
        let grantedServed: Duration
        var grantedFree: Duration
        /// True if no commit since the claim removed the lease, so that the claim has to end.
        var ends: Bool
    }

    let world: World
    let seed: UInt64
    var random: SplitMix64
    /// The store without a process that dies.
    var store: any Store
    let kind: StoreKind
    var processes: [Daemon] = []
    var steps: [String] = []
    /// What does not hold, with the step after which it was found.
    var faults: [String] = []

    // MARK: The model

    /// The running claims that were answered as granted.
    var promises: [ClaimID: Promise] = [:]
    /// The claim of each workspace that was ever handed to an owner.
    var claimOf: [WorkspaceID: ClaimID] = [:]
    /// The largest number of claims that waited for `b` at the same time.
    var mostWaiting = 0
    /// The workspaces that broke or vanished at the provider.
    var broken: Set<WorkspaceID> = []
    /// The workspaces of idempotency keys.
    var keys: [ClaimKey: WorkspaceID] = [:]
    /// The time in which a process accepted renewals.
    var served = Duration.zero
    /// The time in which no process ran.
    var unserved = Duration.zero
    /// The part of ``served`` in which the provisioner could be asked for activity.
    var counted = Duration.zero
    /// The part of ``counted`` in which nothing postponed the end of leases.
    var free = Duration.zero
    /// The time that prewarm may have taken for one without renewals: each end of a process adds some.
    var slack = Duration.zero
    var isSuspended = false
    /// True while the provisioner is a source of activity and cannot be asked, as the store knows it.
    var cannotList = false
    /// False after a wrong list until a right one.
    var mayLie = true
    /// The applied lease of each preset in seconds; nil if it has none.
    var ttls: [String: Int64] = [:]
    var holders = 0
    var keyCount = 0
    /// The numbers of events that make a run worth its time.
    var counts: [String: Int] = [:]

    static let longest = Duration.seconds(400)
    static let longestGrace = Duration.seconds(30)

    init(seed: UInt64, on kind: StoreKind) throws {
        self.seed = seed
        self.kind = kind
        random = SplitMix64(seed: seed)
        // A file in memory needs no disk, whose writes would take most of the time.
        let memory = URL(fileURLWithPath: "/dev/shm")
        world = try FileManager.default.isWritableFile(atPath: memory.path) ? World(folder: memory) : World()
        store = try world.open(kind)
        world.with { state in
            state.concurrency = 1
            state.canInspect = seed % 2 == 0
            state.handsOver = seed % 3 != 0
        }
        commit()
    }

    /// Runs the whole simulation.
    /// - Returns: the faults, with the steps that led to the first one.
    func run(steps count: Int) async throws -> [String] {
        await start()
        if let process = processes.first { await run(process) { try await process.engine.sync() } }
        try await check()
        for _ in 0..<count {
            try await step()
            try await check()
            if !faults.isEmpty { return faults }
        }
        try await settle()
        return faults
    }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    func count(_ what: String) { counts[what, default: 0] += 1 }
    func fail(_ what: String) { faults.append("after \(steps.last ?? "the start"): \(what)") }
    /// Adds details to the last step, which a failed run shows.
    func note(_ what: String) { if let last = steps.indices.last { steps[last] += " [\(what)]" } }

    // MARK: Processes

    /// Starts a process. If the last one has ended, the store is opened anew, and the machine may have been started again.
    func start() async {
        holders += 1
        if processes.isEmpty {
            if chance(20) { world.with { ($0.boots, $0.uptime) = ($0.boots + 1, .zero) } }
            if let opened = try? world.open(kind) { store = opened }
        }
        let life = MortalStore.Life()
        var policy = Policy()
        policy.deletionGuard.above = 3
        policy.deletionGuard.percent = 60
        let engine = world.engine(
            store: MortalStore(store: store, life: life), holder: "process \(holders)", policy: policy,
            seed: random.next())
        let process = Daemon(engine, life)
        processes.append(process)
        await run(process) { try await self.review(process) }
    }

    /// Ends a process without its consent.
    func kill(_ process: Daemon) {
        guard processes.contains(where: { $0 === process }) else { return }
        process.life.end(after: 0, diesAfterCommit: false)
        world.with { _ = $0.deadHolders.insert(process.engine.holder) }
        processes.removeAll { $0 === process }
        note("\(process.engine.holder) ended")
        slack += .seconds(30)
        count("crashes")
    }

    /// Runs a step of a process, which ends if it dies in it.
    func run(_ process: Daemon, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch is MortalStore.Death {
        } catch is ClaimError {
        } catch ReconcileError.leaseHeld {
        } catch {
            if !process.life.isOver { fail("\(error)") }
        }
        if process.life.isOver { kill(process) }
    }

    func review(_ process: Daemon) async throws {
        try await process.engine.endAbandonedWaits()
        let report = try await process.engine.reviewLeases(&process.watch)
        if report.removed != .zero { note("\(report.removed) did not count") }
        for workspace in report.ended { expired(workspace) }
    }

    // MARK: Time

    /// Lets time pass. The processes look at leases, tickets and lists meanwhile, as a daemon does.
    func pass(_ time: Duration) async {
        note("\(time) with \(processes.count) processes")
        var left = time
        while left > .zero {
            let part = min(left, .seconds(10))
            left -= part
            world.with { state in
                state.now = state.now + part
                state.uptime += part
            }
            if processes.isEmpty { unserved += part }
            if !processes.isEmpty {
                served += part
                if !cannotList { counted += part }
                if !cannotList, !isSuspended { free += part }
            }
            for process in processes {
                await run(process) {
                    try await self.review(process)
                    try await process.engine.beatForTickets(Set(process.tickets.map(\.attempt.id)))
                    try await self.resync(process, force: false)
                }
            }
            try? await noteState()
        }
    }

    /// Notes whether the provisioner can be asked and whether pools are suspended, as the store knows it. A process may have
    /// died after its commit.
    func noteState() async throws {
        (cannotList, isSuspended) = try await store.read { store in
            let isSource = try store.activityHeardAt(provisioner: "local") != nil
            return (try isSource && !store.listFailures().isEmpty, try !store.suspensions().isEmpty)
        }
    }

    /// Sets the clock. The processes look at leases before, since they do so each second, and report soon that they hold their
    /// tickets.
    func jump(_ time: Duration) async {
        for process in processes { await run(process) { try await self.review(process) } }
        world.with { $0.now = $0.now + time }
        note("\(time)")
        for process in processes {
            await run(process) {
                try await process.engine.beatForTickets(Set(process.tickets.map(\.attempt.id)))
            }
        }
        if time < .zero {
            // After a clock was set back, a claim may last as long as a new one, and the time that did not count before.
            for id in promises.keys { promises[id]?.grantedFree = free }
            slack += unserved
        }
        count("jumps")
    }
}
