package import PrewarmCore
import ServiceLifecycle

/// The waiting claims of this process. One read of the store answers all claims that wait for the same preset, so that
/// many of them cost little. They write nothing while nothing changes.
package actor WaitingRoom {
    /// The time between two looks at the queue of a preset.
    private static let interval = Duration.milliseconds(100)
    /// The time between two heartbeats of this process.
    private static let beat = Duration.seconds(5)

    private struct Look {
        var at: ContinuousClock.Instant
        var front: Set<ClaimID> = []
    }

    private var looks: [PresetKey: Look] = [:]
    private var beatenAt: ContinuousClock.Instant?

    package init() {}

    /// Returns when a claim may try to take a workspace, or at the deadline.
    /// - Returns: False at the deadline.
    /// - Throws: `CancellationError`, ``StoreError``
    package func turn(
        of id: ClaimID, in preset: PresetKey, _ engine: Engine, until deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        while .now < deadline {
            if Task.isShuttingDownGracefully { throw CancellationError() }
            try await Task.sleep(for: min(Self.interval, deadline - .now))
            if try await front(of: preset, engine).contains(id) { return true }
        }
        return false
    }

    private func front(of preset: PresetKey, _ engine: Engine) async throws -> Set<ClaimID> {
        let now = ContinuousClock.now
        if beatenAt.map({ now - $0 > Self.beat }) ?? true {
            beatenAt = now
            try await engine.beatForTickets()
        }
        if let look = looks[preset], now - look.at < Self.interval { return look.front }
        // Others use the last look until this one has ended.
        looks[preset, default: Look(at: now)].at = now
        let front = Set(try await engine.store.read { try engine.front(of: preset, in: $0) })
        looks[preset] = Look(at: now, front: front)
        if looks.count > 1000 { looks = looks.filter { now - $0.value.at < .seconds(60) } }
        return front
    }
}
