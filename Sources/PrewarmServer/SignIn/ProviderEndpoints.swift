import PrewarmCore

/// A cache of the discovery document of a provider. It fetches the document at the first sign-in and when it is an hour old.
/// While the provider is unreachable it keeps the old document for a day.
actor ProviderEndpoints {
    static let freshFor = Duration.seconds(3600)
    static let keptFor = Duration.seconds(86_400)
    /// The least time between two fetches, so that visitors who are not signed in cause no load.
    static let pause = Duration.seconds(5)

    private let issuer: OIDCIssuer
    private let client: OIDCClient
    private var document: OIDCDiscovery?
    private var fetchedAt: ContinuousClock.Instant?
    private var attemptedAt: ContinuousClock.Instant?
    private var failure: AccessError?
    private var isFetching = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ issuer: OIDCIssuer, client: OIDCClient) {
        self.issuer = issuer
        self.client = client
    }

    /// Returns the document, fetching it if necessary.
    ///
    /// - Throws: ``AccessError`` with the reason `unavailable`.
    func current() async throws(AccessError) -> OIDCDiscovery {
        while true {
            if let document, isWithin(Self.freshFor, of: fetchedAt) { return document }
            if isFetching {
                await withCheckedContinuation { waiting.append($0) }
                continue
            }
            if isWithin(Self.pause, of: attemptedAt) || Task.isCancelled {
                if let document, isWithin(Self.keptFor, of: fetchedAt) { return document }
                throw failure ?? unavailable("the request was canceled")
            }
            await refresh()
        }
    }

    private func isWithin(_ duration: Duration, of time: ContinuousClock.Instant?) -> Bool {
        time.map { ContinuousClock.now - $0 < duration } ?? false
    }

    /// Fetches the document. Only one fetch runs at a time, and other callers wait until it ends.
    private func refresh() async {
        isFetching = true
        defer {
            isFetching = false
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
        do {
            let document = try await client.discover(issuer)
            for address in [document.authorization, document.token, document.userInfo].compactMap(\.self) {
                try OIDCClient.check(address, namedBy: issuer)
            }
            self.document = document
            (fetchedAt, failure) = (.now, nil)
        } catch {
            // A fetch whose browser hung up says nothing about the provider, so the next caller tries again.
            if Task.isCancelled { return }
            failure = unavailable(OIDCClient.text(error))
        }
        attemptedAt = .now
    }

    private func unavailable(_ cause: String) -> AccessError {
        AccessError(
            .unavailable, "cannot reach the sign-in of \(issuer.issuer): \(cause)",
            hint:
                "try again in a few seconds. An operator checks `\(issuer.setting)` and that the daemon reaches the issuer"
        )
    }
}
