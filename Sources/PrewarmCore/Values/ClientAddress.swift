/// The address of a client of the daemon: the peer of the connection, or the client that a trusted proxy names.
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// The key by which rates are limited: an IPv4 address, or the first 64 bits of an IPv6 address.
    package let group: String

    package init(description: String, group: String) {
        self.description = description
        self.group = group
    }
}
