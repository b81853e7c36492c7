package import Logging
import PrewarmCore

extension OperationRunner {
    /// Runs operations as they become due. After the cause ``WakeUp/stop`` it takes no new ones, and returns when the running
    /// ones have ended. Canceling the task ends the running operations and returns them to the queue.
    /// - Parameter signal: A signal that an operation may be due. Operations that other processes insert start within five
    ///   seconds even without a signal.
    package func serve(_ signal: Signal<WakeUp>, progress: LoopProgress, logger: Logger) async {
        let loop = progress.begin("operations")
        await withTaskGroup(of: Ended.self) { group in
            var running: [String: Int] = [:]
            var starts = 0
            var isStopping = false
            var isRecovering = false
            var lastRecovery: ContinuousClock.Instant?
            var quietUntil: ContinuousClock.Instant?
            group.addTask { .woken(await signal.wait(for: .zero)) }
            for await ended in group {
                switch ended {
                case .woken(let wakeUp):
                    loop.comeRound(within: .seconds(300))
                    if wakeUp.contains(.stop) { isStopping = true }
                    // After a stop, the loop only waits for running operations, which may take any time.
                    if isStopping { loop.end() }
                    if !isStopping { group.addTask { .woken(await signal.wait(for: .seconds(1))) } }
                    if wakeUp.isEmpty, let quietUntil, .now < quietUntil { continue }
                case .settled(let provisioner): running[provisioner, default: 1] -= 1
                case .recovered: isRecovering = false
                }
                if Task.isCancelled || isStopping { continue }
                do {
                    let now = ContinuousClock.now
                    if !isRecovering, lastRecovery.map({ now - $0 > .seconds(60) }) ?? true {
                        (isRecovering, lastRecovery) = (true, now)
                        group.addTask { await recover(logger: logger) }
                    }
                    let leased = try await lease(running: running, starts: &starts)
                    quietUntil = leased.isEmpty ? now + (try await nextLook()) : nil
                    for record in leased {
                        let provisioner = record.operation.provisioner
                        running[provisioner, default: 0] += 1
                        group.addTask {
                            await perform(record, logger: logger)
                            return .settled(provisioner)
                        }
                    }
                } catch {
                    logger.error("cannot start operations", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Returns the time until the next pending operation becomes due, at most five seconds. Events of other processes wake
    /// the loop earlier; the end of a suspension is no event, so the loop has to look for it.
    private func nextLook() async throws -> Duration {
        let now = engine.now()
        let next = try await engine.store.read { try $0.nextAttempt(after: now) }
        return min(next.map { $0 - now } ?? Self.longestPause, Self.longestPause)
    }

    private static let longestPause = Duration.seconds(5)

    private enum Ended: Sendable {
        case woken(WakeUp)
        case settled(String)
        case recovered
    }

    private func recover(logger: Logger) async -> Ended {
        do {
            try await recover()
        } catch {
            logger.error(
                "cannot return the operations of an ended process to the queue", metadata: ["error": "\(error)"])
        }
        return .recovered
    }

    /// Performs an operation and logs an error. If its outcome cannot be recorded, it is repeated after its lease expires.
    private func perform(_ record: OperationRecord, logger: Logger) async {
        do {
            guard let settled = try await perform(record) else { return }
            observe(.settled(settled.operation, settled.workspace))
        } catch is CancellationError {
            logger.notice(
                "an operation was interrupted and returned to the queue", metadata: ["id": "\(record.operation.id)"])
        } catch {
            logger.error(
                "cannot record the outcome of an operation",
                metadata: ["id": "\(record.operation.id)", "error": "\(error)"])
        }
    }
}
