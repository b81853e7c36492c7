/// The form of the host in requests and URLs.
enum HostName {
    /// Says whether a text is a host with or without a port: `host`, `host:port`, `192.0.2.1:port` or
    /// `[2001:db8::1]:port`.
    static func isValid(_ text: String) -> Bool {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return false }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard host.contains(":"), !host.contains("%"), NetworkAddress(host) != nil else { return false }
        } else {
            host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy(isNameByte) else { return false }
        }
        guard !rest.isEmpty else { return true }
        let port = rest.dropFirst()
        return rest.hasPrefix(":") && port.utf8.allSatisfy { (48...57).contains($0) }
            && (port.isEmpty || UInt16(port) != nil)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._".utf8.contains(byte)
    }
}
