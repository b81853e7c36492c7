/// Where the daemon listens: `host:port`, `[::1]:port`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package static let standard = ListenAddress(host: "127.0.0.1", port: 7430)

    package let host: String
    /// 0: any that is free.
    package let port: Int

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    package init(_ text: String) throws(AccessError) {
        let error = AccessError(
            .configuration, "\"\(text.forMessage)\" is no address to listen at",
            hint: "expected host:port, as 127.0.0.1:7430, 0.0.0.0:7430 or [::1]:7430")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw error
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":"), NetworkAddress(host) != nil else { throw error }
        } else if host.contains(":") {
            throw error
        }
        let isHost = !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }
        guard isHost else { throw error }
        self.init(host: String(host), port: Int(port))
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host.lowercased() == "localhost" || NetworkAddress(host)?.isLoopback == true
    }

    /// Refuses to listen beyond this machine where no other machine has a token to come in with: the local token is for
    /// this machine.
    ///
    /// - Returns: what to warn of at the start; nil where all is well.
    package func check(
        hasTokens: Bool, hasOIDC: Bool, hasTLS: Bool, hasProxy: Bool = false
    ) throws(AccessError) -> String? {
        guard !isLoopback else { return nil }
        guard hasTokens || hasOIDC else {
            throw AccessError(
                .configuration,
                "cannot listen at \(self): other machines can reach it, and there is no token for any of them",
                hint: "make a token first (`prewarm token create NAME --role operator`), configure server.oidc, or "
                    + "listen at 127.0.0.1:\(port)")
        }
        guard !hasTLS, !hasProxy else { return nil }
        return "\(self) can be reached from other machines without TLS: tokens are sent as they are. "
            + "Configure server.tls, or the proxy that does it as server.trustedProxies"
    }
}
