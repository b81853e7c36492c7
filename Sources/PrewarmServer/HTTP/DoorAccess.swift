internal import HTTPTypes
internal import Hummingbird
import PrewarmCore
import PrewarmEngine
internal import Synchronization

/// Who may come in, as the configuration says it now.
package final class DoorAccess: Sendable {
    package struct Rules: Sendable {
        let authenticator: Authenticator
        let trustedProxies: [NetworkRange]

        package init(authenticator: Authenticator, trustedProxies: [NetworkRange]) {
            self.authenticator = authenticator
            self.trustedProxies = trustedProxies
        }
    }

    private let rules: Mutex<Rules>

    package init(_ rules: Rules) {
        self.rules = Mutex(rules)
    }

    package func replace(_ rules: Rules) {
        self.rules.withLock { $0 = rules }
    }

    func client(peer: String, fields: HTTPFields) -> ClientAddress {
        ClientAddress(
            peer: peer, forwardedFor: fields[.forwardedFor], trusted: rules.withLock { $0.trustedProxies })
    }

    /// Returns what the connections of the other end are counted by; nil for a proxy that is trusted, whose connections
    /// are those of many.
    func connectionGroup(peer: String) -> String? {
        let proxies = rules.withLock { $0.trustedProxies }
        if let address = NetworkAddress(peer), proxies.contains(where: { $0.contains(address) }) { return nil }
        return ClientAddress(peer: peer).group
    }

    func principal(_ visit: Visit, now: Timestamp) async throws -> Principal {
        try await rules.withLock { $0.authenticator }.principal(
            authorization: visit.request.headers[.authorization], now: now)
    }

    /// How often a request that takes long is looked at again: its token may have been revoked or have expired.
    static let recheckInterval = Duration.seconds(2)

    /// Throws ``AccessError`` once the caller of a request is no longer let in, or may no longer look at anything.
    func waitForEnd(of visit: Visit, now: () -> Timestamp) async throws {
        while true {
            try await Task.sleep(for: Self.recheckInterval)
            _ = try await recheck(visit, now: now())
        }
    }

    /// Returns the caller of a request that began earlier, as it is now; nil where that can't be found out now.
    ///
    /// - Throws: ``AccessError`` where the caller is no longer let in.
    func recheck(_ visit: Visit, now: Timestamp) async throws(AccessError) -> Principal? {
        do {
            return try await principal(visit, now: now)
        } catch let error as AccessError where error.reason != .unavailable {
            throw error
        } catch {
            return nil
        }
    }
}
