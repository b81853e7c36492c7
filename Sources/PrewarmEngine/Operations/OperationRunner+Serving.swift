package import Logging
import PrewarmCore

extension OperationRunner {
    /// Runs operations as they become due, until it is told to stop: then it takes no new ones, and returns when those
    /// under way have ended. Cancelling the task ends them and gives them back.
    /// - Parameter signal: told when there may be something due; what other processes write is seen within a second.
    package func serve(_ signal: Signal<Nudge>, progress: LoopProgress, logger: Logger) async {
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
                case .woken(let nudge):
                    loop.comeRound(within: .seconds(300))
                    if nudge.contains(.stop) { isStopping = true }
                    // From then on it waits for operations, for as long as these may take.
                    if isStopping { loop.end() }
                    if !isStopping { group.addTask { .woken(await signal.wait(for: .seconds(1))) } }
                    if nudge.isEmpty, let quietUntil, .now < quietUntil { continue }
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
                    logger.error("operations can't be taken up", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Nothing becomes due before, unless somebody says so: what others write is seen as events. A suspension that ends
    /// is not.
    private func nextLook() async throws -> Duration {
        let now = engine.now()
        let next = try await engine.store.read { try $0.nextAttempt(after: now) }
        return min(next.map { $0 - now } ?? Self.longestPause, Self.longestPause)
    }

    private static let longestPause = Duration.seconds(5)

    private enum Ended: Sendable {
        case woken(Nudge)
        case settled(String)
        case recovered
    }

    private func recover(logger: Logger) async -> Ended {
        do {
            try await recover()
        } catch {
            logger.error("operations of an ended process cannot be given back", metadata: ["error": "\(error)"])
        }
        return .recovered
    }

    /// What can't be recorded now is asked for again once its lease ran out.
    private func perform(_ record: OperationRecord, logger: Logger) async {
        do {
            guard let settled = try await perform(record) else { return }
            observe(.settled(settled.operation, settled.workspace))
        } catch is CancellationError {
            logger.notice("an operation was interrupted and given back", metadata: ["id": "\(record.operation.id)"])
        } catch {
            logger.error(
                "an operation could not be recorded",
                metadata: ["id": "\(record.operation.id)", "error": "\(error)"])
        }
    }
}
