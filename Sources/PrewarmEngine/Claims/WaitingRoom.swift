package import PrewarmCore
import ServiceLifecycle

/// The waiting claims of this process. One read of the store answers all claims that wait for the same preset, so that
/// many of them cost little. They write nothing while nothing changes.
package actor WaitingRoom {
    /// The result of a wait.
    package enum Turn: Sendable {
        /// The claim may try to take a workspace.
        case mayTry
        /// The deadline has passed.
        case timedOut
        /// The claim no longer waits: its owner ended the wait, or another request was granted a workspace.
        case ended
    }

    /// The time between two looks at the queue of a preset.
    private static let interval = Duration.milliseconds(100)
    /// The shortest time between two looks, so that many changes of the store cause few of them.
    private static let shortest = Duration.milliseconds(10)

    private struct Look {
        var at: Instant
        /// The number of wake-ups before the look.
        var wakeUps: Int
        var queue: Set<ClaimID>?
        var front: Set<ClaimID> = []
    }

    private var looks: [PresetKey: Look] = [:]
    private var beatenAt: Instant?
    /// The number of requests that wait for each claim.
    private var requests: [ClaimID: Int] = [:]

    private let wakeUps: WakeUps

    /// - Parameter wakeUps: They make the room look at once.
    package init(_ wakeUps: WakeUps = WakeUps()) {
        self.wakeUps = wakeUps
    }

    /// Notes that a request waits for a claim. It has to be noted before the claim joins the queue.
    package func enter(_ id: ClaimID) { requests[id, default: 0] += 1 }

    /// Notes that a request no longer waits.
    /// - Returns: True if no other request waits for the claim.
    package func exit(_ id: ClaimID) -> Bool {
        let left = (requests[id] ?? 1) - 1
        requests[id] = left > 0 ? left : nil
        return left <= 0
    }

    /// Returns when a claim may try to take a workspace, when it no longer waits, or at the deadline.
    /// - Parameter presets: The presets in whose queues the claim waits.
    /// - Throws: `CancellationError`, ``StoreError``
    package func turn(
        of id: ClaimID, in presets: [PresetKey], _ engine: Engine, until deadline: Instant
    ) async throws -> Turn {
        let enteredAt = engine.clock.instant()
        var seen = wakeUps.count
        while engine.clock.instant() < deadline {
            if Task.isShuttingDownGracefully { throw CancellationError() }
            let next = min(engine.clock.instant() + Self.interval, deadline)
            await wakeUps.wait(after: seen, until: next, on: engine.clock)
            try Task.checkCancellation()
            // Another look may have begun just before the wake-up.
            if wakeUps.count != seen {
                try await engine.clock.sleep(until: min(engine.clock.instant() + Self.shortest, deadline))
            }
            seen = wakeUps.count
            var waits = false
            for preset in presets {
                let look = try await look(at: preset, engine)
                if look.front.contains(id) { return .mayTry }
                // An older look does not know the claim yet.
                if look.at <= enteredAt || look.queue.map({ $0.contains(id) }) ?? true { waits = true }
            }
            if !waits { return .ended }
        }
        return .timedOut
    }

    private func look(at preset: PresetKey, _ engine: Engine) async throws -> Look {
        let now = engine.clock.instant()
        if beatenAt.map({ now - $0 > Engine.heartbeatPeriod }) ?? true {
            beatenAt = now
            try await engine.beatForTickets(Set(requests.keys))
        }
        let wakeUps = wakeUps.count
        if let look = looks[preset], now - look.at < (look.wakeUps == wakeUps ? Self.interval : Self.shortest) {
            return look
        }
        // Others use an empty look until this one has ended.
        looks[preset] = Look(at: now, wakeUps: wakeUps, front: looks[preset]?.front ?? [])
        let dead = try await engine.deadTicketHolders()
        let (queue, front) = try await engine.store.read { try engine.front(of: preset, without: dead, in: $0) }
        let look = Look(at: now, wakeUps: wakeUps, queue: Set(queue), front: front)
        looks[preset] = look
        if looks.count > 1000 { looks = looks.filter { now - $0.value.at < .seconds(60) } }
        return look
    }
}
