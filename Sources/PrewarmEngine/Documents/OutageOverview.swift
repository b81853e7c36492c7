internal import PrewarmCore

/// The part of an ``Overview`` about provisioners that are unavailable.
struct OutageOverview: Sendable {
    private let breakers: [Breaker]

    init(_ engine: Engine) async throws {
        breakers = try await engine.store.read { try $0.openBreakers() }.filter {
            engine.provisioners[$0.provisioner] != nil
        }
    }

    var isHealthy: Bool { breakers.isEmpty }

    /// Returns the open breakers; nil if there are none. The cause is text of the provisioner.
    func value(for audience: some Audience) -> Value? {
        guard !breakers.isEmpty else { return nil }
        let readsLogs = audience.readsLogs(of: nil)
        return .array(
            breakers.compactMap { breaker in
                guard let outage = breaker.outage else { return nil }
                return .object(known: [
                    "provisioner": .string(outage.provisioner), "since": Value(outage.since),
                    "cause": .string(readsLogs ? outage.cause : Operation.withheldError),
                    "nextTryAt": breaker.nextProbeAt.map { Value($0) },
                ])
            })
    }
}
