package import PrewarmCore

/// Token buckets by key, in bounded memory: a key's requests go on as fast as its bucket is filled, and all at once as
/// many as it holds. A value: the time is handed in.
package struct RateLimiter: Sendable {
    /// What a bucket holds when it is full.
    package let burst: Double
    /// What flows into it in a second.
    package let perSecond: Double
    /// How many keys are told apart.
    package let keyLimit: Int

    private var buckets: [String: Bucket] = [:]
    /// For keys for which there is no room.
    private var overflow: Bucket?
    /// When all buckets were last looked at, which takes time.
    private var sweptAt: Timestamp?
    private static let sweepPause = Duration.seconds(1)

    private struct Bucket {
        var level: Double
        var at: Timestamp
    }

    package init(burst: Int, perSecond: Double, keyLimit: Int = 10_000) {
        self.burst = Double(max(1, burst))
        self.perSecond = max(perSecond, 0.001)
        self.keyLimit = max(1, keyLimit)
    }

    /// Takes one from the key's bucket.
    ///
    /// - Returns: nil where there was one; else how long until there is.
    package mutating func take(_ key: String, now: Timestamp) -> Duration? {
        guard let bucket = buckets[key] else {
            if buckets.count >= keyLimit { forgetFull(now: now) }
            var fresh = Bucket(level: burst, at: now)
            if buckets.count < keyLimit {
                defer { buckets[key] = fresh }
                return take(from: &fresh, now: now)
            }
            var shared = overflow ?? fresh
            defer { overflow = shared }
            return take(from: &shared, now: now)
        }
        var known = bucket
        defer { buckets[key] = known }
        return take(from: &known, now: now)
    }

    /// Returns how long until the key's bucket holds one; nil where it does. Takes none.
    package func wait(_ key: String, now: Timestamp) -> Duration? {
        guard var bucket = buckets[key] ?? (buckets.count < keyLimit ? nil : overflow) else { return nil }
        return take(from: &bucket, now: now)
    }

    /// A clock that jumps back fills nothing, and empties nothing.
    private func take(from bucket: inout Bucket, now: Timestamp) -> Duration? {
        bucket.level = level(of: bucket, now: now)
        bucket.at = now
        guard bucket.level < 1 else {
            bucket.level -= 1
            return nil
        }
        return .milliseconds(Int64(((1 - bucket.level) / perSecond * 1000).rounded(.up)))
    }

    private func level(of bucket: Bucket, now: Timestamp) -> Double {
        let seconds = Double(max(0, (now - bucket.at).wholeMilliseconds)) / 1000
        return min(burst, bucket.level + seconds * perSecond)
    }

    /// One that is full by now is as one that was never there.
    private mutating func forgetFull(now: Timestamp) {
        if let sweptAt, now >= sweptAt, now - sweptAt < Self.sweepPause { return }
        sweptAt = now
        buckets = buckets.filter { level(of: $0.value, now: now) < burst }
    }

    package var keyCount: Int { buckets.count }
}
