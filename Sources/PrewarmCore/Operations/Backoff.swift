/// An exponential backoff with jitter. The jitter follows from a seed, so that a second run has the same times.
package struct Backoff: Hashable, Sendable {
    package let base: Duration
    package let limit: Duration

    package init(base: Duration, limit: Duration) {
        self.base = base
        self.limit = limit
    }

    /// The pause between a failed build and the next try. Three tries take at least 15 s + 30 s, so a provisioner
    /// that is down for half a minute stalls no preset.
    package static let build = Backoff(base: .seconds(30), limit: .seconds(300))
    /// The pause after another failed operation, with the bounds of a Kubernetes container restart.
    package static let failure = Backoff(base: .seconds(10), limit: .seconds(300))
    /// The pause after the answer "try again later", which is not a failure.
    package static let retry = Backoff(base: .seconds(2), limit: .seconds(60))
    /// The pause between two inspects of a workspace that is starting. It is short, since users may wait for it.
    package static let readiness = Backoff(base: .milliseconds(500), limit: .seconds(10))

    /// Returns the pause after the `attempt`th try, counted from 1. The base is doubled for each further try, up to the
    /// limit. The pause is between 50 % and 100 % of the result.
    ///
    /// Example: a base of 30 s and a limit of 300 s give 15 to 30 s, 30 to 60 s, 60 to 120 s, 120 to 240 s, and then
    /// 150 to 300 s.
    package func delay(attempt: Int, seed: UInt64) -> Duration {
        let doublings = min(max(attempt - 1, 0), 20)
        let ceiling = min(base.wholeMilliseconds << doublings, limit.wholeMilliseconds)
        let half = ceiling / 2
        let jitter = Int64(SplitMix64.mix(seed &+ UInt64(attempt)) % UInt64(half + 1))
        return .milliseconds(half + jitter)
    }
}

/// The random generator SplitMix64 by Sebastiano Vigna (https://prng.di.unimi.it/splitmix64.c): small and seeded. It is
/// good enough for jitter.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.finalize(state)
    }

    /// Returns the first number of a generator with this seed.
    package static func mix(_ value: UInt64) -> UInt64 {
        finalize(value &+ 0x9e37_79b9_7f4a_7c15)
    }

    private static func finalize(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

extension OperationID {
    /// The FNV-1a hash of the id, as a seed of jitter.
    package var seed: UInt64 {
        rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
