internal import PrewarmCore
import Synchronization

/// The order in which the handovers of this process get slots of their provisioners: first come, first served.
///
/// Only the first one of each provisioner looks for a free slot in the store.
package final class HandoverQueue: Sendable {
    private let lines = Mutex<[String: [Place]]>([:])

    private final class Place: Sendable {
        let signal = Signal()
    }

    package init() {}

    /// Runs the body when all earlier callers of the provisioner have ended theirs.
    /// - Throws: `CancellationError`, and what the body throws.
    func inTurn<Result>(
        at provisioner: String, on clock: any EngineClock, _ body: () async throws -> Result
    ) async throws -> Result {
        let place = Place()
        lines.withLock { $0[provisioner, default: []].append(place) }
        defer { leave(place, provisioner) }
        while !isFirst(place, provisioner) {
            _ = await place.signal.wait(for: .seconds(60), on: clock)
            try Task.checkCancellation()
        }
        return try await body()
    }

    private func isFirst(_ place: Place, _ provisioner: String) -> Bool {
        lines.withLock { $0[provisioner]?.first === place }
    }

    private func leave(_ place: Place, _ provisioner: String) {
        let next = lines.withLock { lines -> Place? in
            // Nearly always it is the first one, and a line can be long.
            if lines[provisioner]?.first === place {
                lines[provisioner]?.removeFirst()
            } else {
                lines[provisioner]?.removeAll { $0 === place }
            }
            let first = lines[provisioner]?.first
            if first == nil { lines[provisioner] = nil }
            return first
        }
        next?.signal.send(.replan)
    }
}
