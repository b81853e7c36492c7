/// The decisions of the loop that runs operations: when it looks for due ones, when it looks for those of ended processes,
/// when it plans again, and when it ends. ``StartOrder`` decides which operations start.
///
/// Each event returns steps in their order. The loop ends when it has carried out all steps, and none of them and no
/// operation still runs.
package struct WorkerMachine: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        /// The loop of a daemon: it ends after ``WakeUp/stop``, when the running operations have ended.
        case untilStopped
        /// The loop of a command: it ends when no operation is due and none runs. If operations have ended since the last
        /// plan, it plans again first.
        case untilIdle
    }

    package enum Event: Hashable, Sendable {
        /// A wait has ended: a cause arrived, or its time has passed (no cause).
        case woken(WakeUp)
        /// The step ``Effect/start`` has ended.
        /// - provisioners: The provisioner of each operation that was started.
        /// - nextDue: The time until the next pending operation becomes due; nil if no operation is pending.
        case started(provisioners: [String], nextDue: Duration?)
        /// The store could not be read or written by ``Effect/start``.
        case notStarted
        /// The step ``Effect/plan`` has ended.
        /// - hasActions: True if there are new operations.
        case planned(hasActions: Bool)
        /// The step ``Effect/recover`` has ended.
        case recovered
        /// An operation has ended.
        /// - isSettled: False if its outcome was not recorded, for example because another process took it over.
        case ended(provisioner: String, isSettled: Bool)
    }

    package enum Effect: Hashable, Sendable {
        /// Start the due operations for which slots are free.
        case start
        /// Return the operations of ended processes to the queue, beside the other steps.
        case recover
        /// Plan again, since operations have ended.
        case plan
        /// Wait until a cause arrives, at most this long, beside the other steps.
        case wait(Duration)
    }

    /// The number of running operations of each provisioner.
    package private(set) var running: [String: Int] = [:]
    /// The number of operations that were started.
    package private(set) var starts = 0
    /// True after ``WakeUp/stop``. No operation starts then.
    package private(set) var isStopping = false
    private let mode: Mode
    private var isRecovering = false
    private var lastRecovery: Instant?
    /// True if operations have ended since the last plan.
    private var isDirty = false
    /// The time until which no operation becomes due without an event; nil if one may be due now.
    private var quietUntil: Instant?

    /// The longest wait.
    package static let longestWait = Duration.seconds(1)
    /// The longest time between two looks for due operations. Events wake the loop earlier, but the end of a suspension is
    /// no event.
    package static let longestQuiet = Duration.seconds(5)
    /// The time between two looks for operations of ended processes.
    package static let recoveryInterval = Duration.seconds(15)

    package init(_ mode: Mode) {
        self.mode = mode
    }

    /// Returns the next steps. The first event is `.woken([])`.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        switch event {
        case .woken(let causes):
            if causes.contains(.stop) { isStopping = true }
            if isStopping { return [] }
            let wait: [Effect] = mode == .untilStopped ? [.wait(Self.longestWait)] : []
            if causes.isEmpty, let quietUntil, now < quietUntil { return wait }
            return wait + look(at: now)
        case .started(let provisioners, let nextDue): return started(provisioners, nextDue, at: now)
        case .notStarted:
            quietUntil = nil
            return []
        case .planned(let hasActions): return hasActions && !isStopping ? [.start] : []
        case .recovered:
            isRecovering = false
            return look(at: now)
        case .ended(let provisioner, let isSettled):
            let rest = (running[provisioner] ?? 1) - 1
            running[provisioner] = rest > 0 ? rest : nil
            if isSettled { isDirty = true }
            return look(at: now)
        }
    }

    private mutating func look(at now: Instant) -> [Effect] {
        if isStopping { return [] }
        guard !isRecovering, lastRecovery.map({ now - $0 > Self.recoveryInterval }) ?? true else { return [.start] }
        (isRecovering, lastRecovery) = (true, now)
        return [.recover, .start]
    }

    private mutating func started(_ provisioners: [String], _ nextDue: Duration?, at now: Instant) -> [Effect] {
        for provisioner in provisioners { running[provisioner, default: 0] += 1 }
        starts += provisioners.count
        guard provisioners.isEmpty else {
            quietUntil = nil
            return []
        }
        quietUntil = now + min(nextDue ?? Self.longestQuiet, Self.longestQuiet)
        guard mode == .untilIdle, isDirty, !isStopping else { return [] }
        isDirty = false
        return [.plan]
    }
}
