internal import JWTKit
internal import PrewarmCore

/// A cache of the keys of one issuer. It fetches the keys when the first token comes, when a token names an unknown key,
/// and when they are an hour old. While the issuer is unreachable it keeps the old keys for a day.
actor OIDCKeys {
    /// The age after which keys are fetched again, since a key may have been withdrawn.
    static let freshFor = Duration.seconds(3600)
    /// The age up to which keys are used while the issuer is unreachable.
    static let keptFor = Duration.seconds(86_400)
    /// The least time between two fetches, so that tokens with random key ids cause no load.
    static let pause = Duration.seconds(60)

    private let issuer: OIDCIssuer
    private let fetch: OIDCKeyFetch
    private var keys: OIDCKeySet?
    private var fetchedAt: Timestamp?
    private var attemptedAt: Timestamp?
    private var failure: AccessError?
    private var isFetching = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ issuer: OIDCIssuer, fetch: OIDCKeyFetch) {
        self.issuer = issuer
        self.fetch = fetch
    }

    /// Returns the key with this id, fetching the keys if necessary.
    ///
    /// - Throws: ``AccessError`` with the reason `unknown` if the issuer does not publish the key, or `unavailable` if the
    ///   keys cannot be fetched.
    func key(id: String?, algorithm: OIDCAlgorithm, now: Timestamp) async throws(AccessError) -> JWK {
        while true {
            let found = keys?.key(id: id, algorithm: algorithm)
            if let found, isWithin(Self.freshFor, of: fetchedAt, now: now) { return found }
            if isFetching {
                // A token with a known key does not wait for a slow issuer.
                if let found, isWithin(Self.keptFor, of: fetchedAt, now: now) { return found }
                await withCheckedContinuation { waiting.append($0) }
                continue
            }
            if isWithin(Self.pause, of: attemptedAt, now: now) {
                if let found, isWithin(Self.keptFor, of: fetchedAt, now: now) { return found }
                throw failure ?? Self.unknown(issuer)
            }
            await refresh(now: now)
        }
    }

    private static func unknown(_ issuer: OIDCIssuer) -> AccessError {
        AccessError(
            .unknown, "invalid token: \(issuer.issuer) does not publish the key that signed it",
            hint: "request a new token from \(issuer.issuer)")
    }

    /// Says whether a time is less than a duration away from now. A time that far in the future counts as too old: the
    /// clock has jumped back.
    private func isWithin(_ duration: Duration, of time: Timestamp?, now: Timestamp) -> Bool {
        guard let time else { return false }
        let age = now - time
        return age < duration && age > .zero - duration
    }

    /// Fetches the keys. Only one fetch runs at a time, and other callers wait until it ends.
    private func refresh(now: Timestamp) async {
        isFetching = true
        defer {
            isFetching = false
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
        do throws(AccessError) {
            keys = try await fetch.keys(of: issuer)
            (fetchedAt, failure) = (now, nil)
        } catch {
            failure = error
        }
        // A fetch that was canceled because its caller hung up says nothing about the issuer. It still counts as an attempt,
        // so that callers who hang up cannot cause a fetch each.
        attemptedAt = now
    }
}
