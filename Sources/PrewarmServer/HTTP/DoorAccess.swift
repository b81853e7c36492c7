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

    func principal(_ visit: Visit, now: Timestamp) async throws -> Principal {
        let head = visit.request.head
        let isLocal = LocalAccess.allows(
            client: visit.client, host: head.authority ?? head.headerFields[.host],
            origin: head.headerFields[.origin],
            isForwarded: head.headerFields[.forwardedFor] != nil || head.headerFields[.forwarded] != nil)
        return try await rules.withLock { $0.authenticator }.principal(
            authorization: head.headerFields[.authorization], isLocal: isLocal, now: now)
    }

    func requireLook(_ principal: Principal) throws {
        try Authorization.require(principal, .look)
    }
}
