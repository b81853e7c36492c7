internal import PrewarmCore
import Synchronization

/// The moments at which this process first saw the leases and heartbeats of other processes, by its own monotonic clock.
///
/// Replicas compare times by the clock of the database. If this clock jumps, for example after a failover to another
/// machine, all leases look expired at once, although their holders run and renew them. So a lease that looks expired counts
/// as held until this process has seen it unchanged for longer than its holder takes to renew it.
package final class LeaseSightings: Sendable {
    private struct Sighting {
        var value: String
        var since: Instant
        var lastSeen: Instant
    }

    /// The largest number of sightings that are kept.
    private static let limit = 10_000
    /// The time after which a sighting that is not looked at is deleted.
    private static let memory = Duration.seconds(600)

    private let sightings = Mutex<[String: Sighting]>([:])

    /// Notes a value and returns for how long this process has seen it unchanged. It is zero at the first look.
    func age(of object: String, _ value: String, at now: Instant) -> Duration {
        sightings.withLock { sightings in
            if var known = sightings[object], known.value == value {
                known.lastSeen = now
                sightings[object] = known
                return now - known.since
            }
            if sightings.count >= Self.limit {
                sightings = sightings.filter { now - $0.value.lastSeen < Self.memory }
                if sightings.count >= Self.limit { sightings = [:] }
            }
            sightings[object] = Sighting(value: value, since: now, lastSeen: now)
            return .zero
        }
    }
}

/// How a holder keeps something alive: it renews it regularly.
struct Renewal: Sendable {
    /// The name of the renewed object, for example an operation. Nothing else has this name.
    let object: String
    /// The time between two renewals.
    let period: Duration
}

extension Engine {
    /// Returns true if the lease has not expired and its holder is not known to have ended.
    /// - Parameters:
    ///   - longest: The time for which such a lease is taken. A lease whose end is further away than this comes from a clock
    ///     that was set back since.
    ///   - renewal: How the holder renews the lease; nil if it does not. On a store of several machines, such a lease has to be
    ///     seen unchanged for two renewals before it counts as expired (``LeaseSightings``).
    func isInForce(_ lease: Lease, atMost longest: Duration, renewal: Renewal? = nil) -> Bool {
        guard !lease.isReleased else { return false }
        let seemsEnded = renewal.map { isSilent($0, "\(lease.holder) \(lease.fence)", lease.until) } ?? true
        return !(seemsEnded && lease.until.hasCome(at: now(), atMost: longest)) && !isDead(lease.holder)
    }

    /// Returns true if a process has missed two renewals as far as this process has seen. On a store of one machine, the clock
    /// alone decides.
    func isSilent(_ renewal: Renewal, _ holder: String, _ value: Timestamp) -> Bool {
        guard isOfSeveralMachines else { return true }
        let age = sightings.age(of: renewal.object, "\(holder) \(value.milliseconds)", at: clock.instant())
        return age >= renewal.period * 2
    }
}

extension Lease {
    /// True if its holder released the lease, so that it has ended by every clock.
    package var isReleased: Bool { until.milliseconds == 0 }

    /// The lease after its holder has released it. The fence stays, so that the next holder gets a larger one.
    package var released: Lease { Lease(holder: holder, fence: fence, until: Timestamp(milliseconds: 0)) }
}
