internal import HTTPTypes
internal import HummingbirdCore
import PrewarmCore
import PrewarmEngine
internal import Synchronization

/// The access rules of the current configuration, which can be replaced while the daemon runs.
package final class ServerAccess: Sendable {
    package struct Rules: Sendable {
        let authenticator: Authenticator
        let trustedProxies: [NetworkRange]
        /// The providers that sign people in to the dashboard, in the order of the sign-in page.
        let signIns: [ProviderSignIn]
        /// The URL at which clients reach the daemon, without a slash at the end; nil if it is not known.
        let baseURL: String?

        package init(
            authenticator: Authenticator, trustedProxies: [NetworkRange], signIns: [ProviderSignIn] = [],
            baseURL: String? = nil
        ) {
            self.authenticator = authenticator
            self.trustedProxies = trustedProxies
            self.signIns = signIns
            self.baseURL = baseURL
        }
    }

    private let rules: Mutex<Rules>

    package init(_ rules: Rules) {
        self.rules = Mutex(rules)
    }

    package func replace(_ rules: Rules) {
        self.rules.withLock { $0 = rules }
    }

    /// The providers that sign people in to the dashboard, in the order of the sign-in page.
    var signIns: [ProviderSignIn] { rules.withLock { $0.signIns } }

    /// Returns the address of the client of a request.
    /// - Parameters:
    ///   - peer: The address of the peer, without a port.
    ///   - forwardedFor: The value of the header `X-Forwarded-For`.
    func client(peer: String, forwardedFor: String?) -> ClientAddress {
        ClientAddress(peer: peer, forwardedFor: forwardedFor, trusted: rules.withLock { $0.trustedProxies })
    }

    /// Returns the key by which the connections of a peer are counted. Returns nil for a trusted proxy, whose connections
    /// belong to many clients.
    func connectionGroup(peer: String) -> String? {
        let proxies = rules.withLock { $0.trustedProxies }
        if let address = NetworkAddress(peer), proxies.contains(where: { $0.contains(address) }) { return nil }
        return ClientAddress(peer: peer).group
    }

    /// Says whether a trusted proxy says that the client of a request uses TLS.
    func isForwardedOverTLS(peer: String, fields: HTTPFields) -> Bool {
        let proxies = rules.withLock { $0.trustedProxies }
        guard let address = NetworkAddress(peer), proxies.contains(where: { $0.contains(address) }) else {
            return false
        }
        return fields[.forwardedProtocol]?.lowercased() == "https"
    }

    /// Says whether a host is the one of the public URL, and that URL is https. A browser that asks this host then uses TLS,
    /// also if the proxy before the daemon does not say so.
    func isPublicOverTLS(host: String?) -> Bool {
        guard let host, let base = rules.withLock({ $0.baseURL })?.lowercased() else { return false }
        return base == "https://\(host.lowercased())"
    }

    /// Returns the caller of a request.
    ///
    /// - Parameter role: The least role that the request needs, for hints.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    func principal(_ context: RequestContext, now: Timestamp, for role: Role = .viewer) async throws -> Principal {
        try await principal(context.request.headers[.authorization], context, now: now, for: role)
    }

    /// Returns the caller with a credential.
    ///
    /// - Parameters:
    ///   - authorization: The value of the header `Authorization`, or of a session that stands for it; nil if it is missing.
    ///   - role: The least role that the request needs, for hints.
    /// - Throws: ``AccessError``, or a ``StoreError``.
    func principal(
        _ authorization: String?, _ context: RequestContext, now: Timestamp, for role: Role = .viewer
    ) async throws -> Principal {
        try await rules.withLock { $0.authenticator }.principal(
            authorization: authorization, now: now, for: role,
            isLocal: NetworkAddress(context.client.description)?.isLoopback == true)
    }

    /// The interval at which the token of a long request is checked again, since it can expire or be revoked.
    static let recheckInterval = Duration.seconds(2)

    /// Waits until the caller of a request is no longer let in, and then throws ``AccessError``.
    func waitForEnd(of context: RequestContext, now: () -> Timestamp) async throws {
        while true {
            try await Task.sleep(for: Self.recheckInterval)
            _ = try await recheck(context, now: now())
        }
    }

    /// Checks the token of a running request again. Returns its caller, or nil if the token cannot be checked now.
    ///
    /// - Throws: ``AccessError`` if the caller is no longer let in.
    func recheck(_ context: RequestContext, now: Timestamp) async throws(AccessError) -> Principal? {
        try await Self.recheck { try await self.principal(context, now: now) }
    }

    /// Checks the credential of a session again, as ``recheck(_:now:)`` does.
    func recheck(
        _ credential: SessionCredential, _ context: RequestContext, now: Timestamp
    ) async throws(AccessError) -> Principal? {
        try await Self.recheck { try await self.principal(of: credential, context, now: now) }
    }

    private static func recheck(
        _ check: () async throws -> Principal
    ) async throws(AccessError) -> Principal? {
        do {
            return try await check()
        } catch let error as AccessError where error.reason != .unavailable {
            throw error
        } catch {
            return nil
        }
    }

    /// Returns the caller of a session.
    ///
    /// - Throws: ``AccessError``, or a ``StoreError``.
    func principal(
        of credential: SessionCredential, _ context: RequestContext, now: Timestamp
    ) async throws -> Principal {
        switch credential {
        case .token(let authorization): return try await principal(authorization, context, now: now)
        case .identity(let identity):
            guard let signIn = signIns.first(where: { $0.provider.name == identity.provider }) else {
                throw AccessError(.unknown, "the provider \(identity.provider) was removed", hint: "sign in again")
            }
            return try signIn.principal(of: identity, now: now)
        }
    }
}
