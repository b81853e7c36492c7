/// A rate limiter with one token bucket for each key, in bounded memory.
///
/// For example, with `burst: 120` and `perSecond: 4`, a key may send 120 requests at once and then 4 a second. Callers
/// pass the time.
package struct RateLimiter: Sendable {
    /// The number of tokens in a full bucket.
    package let burst: Double
    /// The number of tokens that are added to a bucket each second.
    package let perSecond: Double
    /// The number of keys that have a bucket of their own.
    package let keyLimit: Int

    private var buckets: [String: Bucket] = [:]
    /// The bucket that all keys beyond ``keyLimit`` share.
    private var overflow: Bucket?
    /// The time when full buckets were last removed.
    private var sweptAt: Timestamp?
    /// The least time between two removals, since each visits every bucket.
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

    /// Takes one token from the bucket of the key.
    ///
    /// - Returns: Nil if there was a token, otherwise the time until there is one.
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

    /// Returns the time until the bucket of the key has a token; nil if it has one. It takes no token.
    package func wait(_ key: String, now: Timestamp) -> Duration? {
        guard var bucket = buckets[key] ?? (buckets.count < keyLimit ? nil : overflow) else { return nil }
        return take(from: &bucket, now: now)
    }

    /// Takes a token. A clock that jumps back adds no tokens and removes none.
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

    /// Removes full buckets, since a new bucket is full as well.
    private mutating func forgetFull(now: Timestamp) {
        if let sweptAt, now >= sweptAt, now - sweptAt < Self.sweepPause { return }
        sweptAt = now
        buckets = buckets.filter { level(of: $0.value, now: now) < burst }
    }

    /// The number of buckets.
    package var keyCount: Int { buckets.count }
}
