/// The address at which the daemon listens: `host:port` or `[::1]:port`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package static let standard = ListenAddress(host: "127.0.0.1", port: 7430)

    package let host: String
    /// The port; 0 stands for any free port.
    package let port: Int

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Parses an address.
    ///
    /// - Throws: ``AccessError`` if the text is not a host and a port.
    package init(_ text: String) throws(AccessError) {
        let error = AccessError(
            .configuration, "invalid listen address \"\(text.forMessage)\": it must be host:port",
            hint: "use host:port, for example 127.0.0.1:7430, 0.0.0.0:7430 or [::1]:7430")
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

    /// A flag that is true if only this machine can reach the address.
    package var isLoopback: Bool {
        host.lowercased() == "localhost" || NetworkAddress(host)?.isLoopback == true
    }

    /// Refuses an address that other machines can reach if no token exists for them. The local token works only on this
    /// machine.
    ///
    /// - Returns: A warning for the log at the start, or nil if all is well.
    /// - Throws: ``AccessError`` if the address is refused.
    package func check(
        hasTokens: Bool, hasOIDC: Bool, hasTLS: Bool, hasProxy: Bool = false
    ) throws(AccessError) -> String? {
        guard !isLoopback else { return nil }
        guard hasTokens || hasOIDC else {
            throw AccessError(
                .configuration,
                "cannot listen at \(self): other machines can reach it, and no token exists for them",
                hint: "create a token first (`prewarm token create NAME --role operator`), configure `server.oidc`, or "
                    + "listen at 127.0.0.1:\(port)")
        }
        guard !hasTLS, !hasProxy else { return nil }
        return "other machines can reach \(self) without TLS, so tokens are sent unencrypted; "
            + "configure `server.tls`, or name the proxy that adds TLS in `server.trustedProxies`"
    }
}
