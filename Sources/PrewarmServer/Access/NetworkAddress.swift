internal import Glibc
package import PrewarmCore

/// An IPv4 or IPv6 address. An IPv4 address in its IPv6 form (`::ffff:192.0.2.1`) is an IPv4 address.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// The 4 or 16 bytes of the address.
    let bytes: [UInt8]

    /// Parses an address without a port. Drops the zone of an IPv6 address (`fe80::1%eth0`). Returns nil for any other
    /// text, for example a host name.
    package init?(_ text: some StringProtocol) {
        let plain = text.contains(":") ? String(text.prefix { $0 != "%" }) : String(text)
        var four = in_addr()
        if inet_pton(AF_INET, plain, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, plain, &six) == 1 else { return nil }
        let all = withUnsafeBytes(of: &six) { Array($0) }
        let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xff && all[11] == 0xff
        bytes = isMapped ? Array(all.suffix(4)) : all
    }

    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    package var description: String {
        guard bytes.count == 16 else { return bytes.map(String.init).joined(separator: ".") }
        var text = [CChar](repeating: 0, count: 64)
        let isWritten = bytes.withUnsafeBytes { inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(text.count)) }
        return isWritten == nil
            ? "" : String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The key by which clients are counted: an IPv4 address, or the first 64 bits of an IPv6 address. One IPv6 client can
    /// use all 2^64 addresses of its network.
    var group: String {
        bytes.count == 4 ? description : bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
    }
}

/// A range of addresses: `10.0.0.0/8`, `fd00::/8` or a single address.
package struct NetworkRange: Hashable, Sendable {
    private let base: NetworkAddress
    private let bits: Int

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = parts.first.flatMap({ NetworkAddress($0) }) else { return nil }
        let most = base.bytes.count * 8
        guard let bits = parts.count == 1 ? most : Int(parts[1]), (0...most).contains(bits) else { return nil }
        self.base = base
        self.bits = bits
    }

    package func contains(_ address: NetworkAddress) -> Bool {
        guard address.bytes.count == base.bytes.count else { return false }
        return zip(address.bytes, base.bytes).enumerated().allSatisfy { index, pair in
            let relevant = min(max(bits - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xff << (8 - relevant))
            return pair.0 & mask == pair.1 & mask
        }
    }
}

extension ClientAddress {
    /// Finds the address of the client. Each proxy adds the address of its own client to the end of `X-Forwarded-For`. The
    /// last address that does not belong to a trusted proxy is the client; anyone can forge the addresses before it.
    ///
    /// - Parameters:
    ///   - peer: The address of the peer, without a port.
    ///   - forwardedFor: The value of the header `X-Forwarded-For`.
    ///   - trusted: The ranges of the proxies whose header is trusted.
    package init(peer: String, forwardedFor: String? = nil, trusted: [NetworkRange] = []) {
        guard var current = NetworkAddress(peer) else {
            self.init(description: peer.forMessage, group: peer.forMessage)
            return
        }
        for entry in (forwardedFor ?? "").split(separator: ",").suffix(32).reversed() {
            guard trusted.contains(where: { $0.contains(current) }), let next = Self.address(entry) else { break }
            current = next
        }
        self.init(description: current.description, group: current.group)
    }

    /// Parses an entry of `X-Forwarded-For`. Some proxies add the port.
    private static func address(_ entry: Substring) -> NetworkAddress? {
        let text = String(entry.filter { !$0.isWhitespace })
        if let plain = NetworkAddress(text) { return plain }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return NetworkAddress(text[text.index(after: text.startIndex)..<end])
        }
        return text.firstIndex(of: ":").flatMap { NetworkAddress(text[..<$0]) }
    }
}
