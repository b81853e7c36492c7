internal import JWTKit
internal import PrewarmCore

/// The keys of one issuer, kept: fetched when they are needed, again when a token names one that is not among them,
/// and kept while the issuer is down.
actor OIDCKeys {
    /// Older ones are fetched anew: a key may have been withdrawn.
    static let freshFor = Duration.seconds(3600)
    /// How long they count where the issuer can't be reached. Its tokens live for minutes, so nothing is lost then.
    static let keptFor = Duration.seconds(86_400)
    /// Between two fetches, whatever tokens ask for.
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

    func key(id: String?, algorithm: OIDCAlgorithm, now: Timestamp) async throws(AccessError) -> JWK {
        while true {
            let found = keys?.key(id: id, algorithm: algorithm)
            if let found, isWithin(Self.freshFor, of: fetchedAt, now: now) { return found }
            if isFetching {
                // Who has a key that is known doesn't wait for an issuer that is slow.
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
        AccessError(.unknown, "the token is signed with a key that \(issuer.issuer) does not publish")
    }

    /// A clock that jumped counts as one that stands for too long.
    private func isWithin(_ duration: Duration, of time: Timestamp?, now: Timestamp) -> Bool {
        guard let time else { return false }
        let age = now - time
        return age < duration && age > .zero - duration
    }

    /// One at a time; the others wait for it.
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
        // Somebody who went away while waiting says nothing about the issuer; but each one tries once at most.
        attemptedAt = now
    }
}
