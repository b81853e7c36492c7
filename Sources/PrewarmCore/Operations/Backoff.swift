/// Exponential backoff with jitter that follows from a seed, so that a test and a second run see the same times.
package struct Backoff: Sendable {
    package let base: Duration
    package let limit: Duration

    package init(base: Duration, limit: Duration) {
        self.base = base
        self.limit = limit
    }

    /// The pause between a build that fails and the next try. Three tries in a row take at least 15 s + 30 s, so that a
    /// provisioner that is down for half a minute stalls nothing.
    package static let build = Backoff(base: .seconds(30), limit: .seconds(300))
    /// The pause after another operation that fails: the bounds of a Kubernetes container restart.
    package static let failure = Backoff(base: .seconds(10), limit: .seconds(300))
    /// For "try again later", which is no failure.
    package static let retry = Backoff(base: .seconds(2), limit: .seconds(60))
    /// Between two looks at an instance that is starting: somebody waits for it.
    package static let readiness = Backoff(base: .milliseconds(500), limit: .seconds(10))

    /// The wait after the `attempt`th try (from 1): doubled each time, then between half and all of it.
    package func delay(attempt: Int, seed: UInt64) -> Duration {
        let doublings = min(max(attempt - 1, 0), 20)
        let ceiling = min(base.wholeMilliseconds << doublings, limit.wholeMilliseconds)
        let half = ceiling / 2
        let jitter = Int64(SplitMix64.mix(seed &+ UInt64(attempt)) % UInt64(half + 1))
        return .milliseconds(half + jitter)
    }
}

/// Sebastiano Vigna's SplitMix64 (https://prng.di.unimi.it/splitmix64.c): small, seeded, good enough for jitter.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.finalize(state)
    }

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
    /// FNV-1a of the text, as a seed.
    package var seed: UInt64 {
        rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
