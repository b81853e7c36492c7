/// A known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain and hashed names, patterns, `@revoked`.
/// Lines of certificate authorities are skipped, because libssh2 does not support certificates.
struct KnownHosts: Sendable {
    enum Verdict: Hashable, Sendable {
        case known
        /// No line names the host.
        case unknownHost
        /// The host has only keys of these types, and shows a key of another type.
        case otherTypes([String])
        /// The host has another key of the same type.
        case changed
        case revoked
        /// The fingerprint of the key is not among the pinned ones.
        case notPinned
    }

    private struct Line: Sendable {
        let marker: Substring?
        let names: [Substring]
        let type: Substring
        let key: Substring
    }

    private let lines: [Line]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline).compactMap { line in
            var words = line.split { $0 == " " || $0 == "\t" }[...]
            guard let first = words.first, !first.hasPrefix("#") else { return nil }
            let marker = first.hasPrefix("@") ? words.removeFirst() : nil
            guard words.count >= 3 else { return nil }
            let names = words.removeFirst().split(separator: ",")
            return Line(marker: marker, names: names, type: words.removeFirst(), key: words.removeFirst())
        }
    }

    /// `key` is the key as it comes over the wire, which begins with the name of its type. Where no line has a key for
    /// `[host]:port`, the key may be one of `host`, as ssh does it (check_host_key in its sshconnect.c).
    func verdict(host: String, port: Int, key: [UInt8]) -> Verdict {
        let verdict = verdict(of: Self.name(host: host, port: port), key)
        guard verdict == .unknownHost, port != 22 else { return verdict }
        let plain = self.verdict(of: host, key)
        // Another key there is that of port 22, and says nothing of this port.
        return plain == .known || plain == .revoked ? plain : verdict
    }

    private func verdict(of name: String, _ key: [UInt8]) -> Verdict {
        let shown = Base64.encode(key)
        let type = Self.type(of: key)
        let own = lines.filter { $0.marker != "@cert-authority" && Self.matches($0.names, name) }
        if own.contains(where: { $0.marker == "@revoked" && $0.key == shown }) { return .revoked }
        let trusted = own.filter { $0.marker == nil }
        if trusted.contains(where: { $0.key == shown }) { return .known }
        if trusted.isEmpty { return .unknownHost }
        if trusted.contains(where: { $0.type == type }) { return .changed }
        return .otherTypes(Set(trusted.map { String($0.type) }).sorted())
    }

    /// Returns the name of a host in a known hosts file.
    static func name(host: String, port: Int) -> String { port == 22 ? host : "[\(host)]:\(port)" }

    /// Returns the type at the beginning of a key, for example `ssh-ed25519`.
    static func type(of key: [UInt8]) -> String {
        var fields = SSHFields(key)
        return String(decoding: fields.string() ?? [], as: UTF8.self)
    }

    private static func matches(_ names: [Substring], _ host: String) -> Bool {
        var found = false
        for name in names {
            if name.hasPrefix("!") {
                if isLike(Array(name.dropFirst().lowercased().utf8)[...], Array(host.utf8)[...]) { return false }
            } else if name.hasPrefix("|1|") {
                found = found || isHash(name, of: host)
            } else {
                found = found || isLike(Array(name.lowercased().utf8)[...], Array(host.utf8)[...])
            }
        }
        return found
    }

    private static func isHash(_ name: Substring, of host: String) -> Bool {
        let parts = name.split(separator: "|")
        guard parts.count == 3, let salt = Base64.decode(parts[1]), let hash = Base64.decode(parts[2]) else {
            return false
        }
        return SHA1.authenticationCode(of: Array(host.utf8), key: salt) == hash
    }

    /// Matches `*` with any characters and `?` with one. It goes back to the last `*` only, so that no pattern takes
    /// long.
    private static func isLike(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        var (pattern, text) = (pattern, text)
        var retry: (pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, text)
            } else if let sign = text.first, let wanted = pattern.first, wanted == UInt8(ascii: "?") || wanted == sign {
                (pattern, text) = (pattern.dropFirst(), text.dropFirst())
            } else if text.isEmpty && pattern.isEmpty {
                return true
            } else if let last = retry, !last.text.isEmpty {
                retry = (last.pattern, last.text.dropFirst())
                (pattern, text) = (last.pattern, last.text.dropFirst())
            } else {
                return false
            }
        }
    }
}
