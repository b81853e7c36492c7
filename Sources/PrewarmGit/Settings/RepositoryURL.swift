import PrewarmEngine

/// A URL that was found fit to be fetched from.
struct RepositoryURL: Sendable {
    enum Scheme: String {
        case https, http, ssh, file
    }

    let scheme: Scheme
    /// Empty for files.
    let host: String
    let port: String
    /// What libgit2 is given. Only ssh keeps the user's name in it; passwords never stay.
    let text: String
    /// What messages show: no user information, no query.
    let display: String
    /// Of a file.
    var path: String? { scheme == .file ? display : nil }
    /// Name and password as they stood in the URL, decoded.
    let userInfo: (name: String, password: String?)?

    /// Throws `.refused` for schemes and forms that are not allowed.
    init(_ text: String, allowFile: Bool) throws(GitFailure) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw GitFailure(.refused, "the URL is empty, or has control characters in it")
        }
        let isFile = text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../")
        guard isFile || text.lowercased().hasPrefix("file://") || !text.contains(" ") else {
            throw GitFailure(.refused, "the URL has spaces in it", hint: "write %20 for a space in a path")
        }
        if isFile {
            self = try Self.file(text, allowFile: allowFile)
        } else if let separator = text.firstRange(of: "://") {
            self = try Self.read(
                scheme: text[..<separator.lowerBound].lowercased(), rest: text[separator.upperBound...],
                allowFile: allowFile)
        } else if !text.contains("["), text.contains("::") {
            throw GitFailure(.refused, "URLs of the form helper::address are not allowed", hint: Self.advice)
        } else {
            self = try Self.shortSSH(text)
        }
    }

    private init(
        scheme: Scheme, host: String, port: String, text: String, display: String,
        userInfo: (name: String, password: String?)?
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.text = text
        self.display = display
        self.userInfo = userInfo
    }

    private static let advice = "use https://host/path.git or ssh://git@host/path.git"

    private static func read(scheme: String, rest: Substring, allowFile: Bool) throws(GitFailure) -> RepositoryURL {
        guard let scheme = Scheme(rawValue: scheme) else {
            throw GitFailure(.refused, "\(scheme):// URLs are not allowed", hint: advice)
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        let path = rest[slash...]
        if scheme == .file {
            guard authority.isEmpty || authority == "localhost" else {
                throw GitFailure(.refused, "a file:// URL can't name a host", hint: "write file:///path/to/repository")
            }
            return try file(decoded(path), allowFile: allowFile)
        }
        var userInfo: (name: String, password: String?)?
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            userInfo = (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : nil)
            authority = authority[authority.index(after: at)...]
        }
        let (host, port) = try hostAndPort(authority)
        let bare = bracketed(host)
        let address = port.map { "\(bare):\($0)" } ?? bare
        guard scheme != .http || isLoopback(host) else {
            throw GitFailure(
                .refused, "http:// sends manifests and tokens unprotected, so only this machine may be asked by it",
                hint: "use https://\(address)\(withoutQuery(path))")
        }
        let user = scheme == .ssh ? "\(userInfo?.name ?? "git")@" : ""
        guard user.utf8.allSatisfy({ $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "/") }) else {
            throw GitFailure(.refused, "the user's name in the ssh URL has signs that are not allowed")
        }
        // libgit2 decodes no path for ssh, and takes none with a space.
        let sent = scheme == .ssh ? decoded(path) : String(path)
        let url = RepositoryURL(
            scheme: scheme, host: host, port: port ?? (scheme == .ssh ? "22" : scheme == .https ? "443" : "80"),
            text: "\(scheme.rawValue)://\(user)\(address)\(sent)",
            display: "\(scheme.rawValue)://\(address)\(withoutQuery(path))", userInfo: userInfo)
        try url.checkPath(sent)
        return url
    }

    /// `git@host:path`, as git and the forges write it. In brackets stand an address of IPv6, or what has a port:
    /// `git@[::1]:path`, `[git@host:2222]:path`.
    private static func shortSSH(_ text: String) throws(GitFailure) -> RepositoryURL {
        let end = text.contains("[") ? text.firstIndex(of: "]") ?? text.startIndex : text.startIndex
        guard let colon = text[end...].firstIndex(of: ":"), !text[..<colon].contains("/") else {
            throw GitFailure(.refused, "the URL has no scheme", hint: advice)
        }
        if text.hasPrefix("["), text[..<end].contains("@") || !text[..<end].contains("::") {
            guard text[end...].hasPrefix("]:") else {
                throw GitFailure(.refused, "the URL has no valid host and port", hint: advice)
            }
            let inner = text[text.index(after: text.startIndex)..<end]
            let path = text[text.index(after: colon)...]
            if inner.contains(":") {
                // libgit2 takes a port in a URL alone, where a path always begins at the root.
                return try read(
                    scheme: "ssh", rest: "\(inner)/\(path.hasPrefix("/") ? path.dropFirst() : path)", allowFile: false)
            }
            return try shortSSH("\(inner):\(path)")
        }
        let path = text[text.index(after: colon)...]
        guard !["https", "http", "ssh", "file"].contains(text[..<colon].lowercased()),
            !path.prefix(while: { $0 != "/" }).contains("@")
        else {
            throw GitFailure(.refused, "the URL has no :// after its scheme", hint: advice)
        }
        let url = try read(scheme: "ssh", rest: "\(text[..<colon])/\(path)", allowFile: false)
        // The path is left as it stands: without a leading slash it begins in the user's home.
        let host = bracketed(url.host)
        return RepositoryURL(
            scheme: .ssh, host: url.host, port: url.port, text: "\(url.userInfo?.name ?? "git")@\(host):\(path)",
            display: "\(host):\(path)", userInfo: url.userInfo)
    }

    /// libgit2 gets absolute paths as URLs with everything encoded: it takes a path that does not exist and has a
    /// colon for one of ssh.
    private static func file(_ path: String, allowFile: Bool) throws(GitFailure) -> RepositoryURL {
        guard !path.isEmpty, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw GitFailure(.refused, "the URL has no path, or control characters in it")
        }
        guard allowFile else {
            throw GitFailure(
                .refused, "repositories on this machine's disk are not allowed",
                hint: "allow file URLs for this source, or use https or ssh")
        }
        let text = path.hasPrefix("/") ? "file://\(encoded(path))" : path
        return RepositoryURL(scheme: .file, host: "", port: "", text: text, display: path, userInfo: nil)
    }

    /// libgit2 puts the path of an ssh URL between single quotes, for the shell of the other side.
    private func checkPath(_ path: String) throws(GitFailure) {
        guard path.count > 1 else {
            throw GitFailure(.refused, "\(display) names a host, but no repository", hint: Self.advice)
        }
        guard scheme != .ssh || !path.contains("'") && !path.hasPrefix("/-") && path.utf8.allSatisfy({ $0 > 0x20 })
        else {
            throw GitFailure(.refused, "the path in the ssh URL has signs that are not allowed")
        }
    }

    /// As a URL has it: an address of IPv6 in brackets.
    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// `host:port`
    var address: String { "\(Self.bracketed(host)):\(port)" }

    private static func hostAndPort(_ authority: Substring) throws(GitFailure) -> (String, String?) {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            // What is behind the bracket and no port makes the whole thing none.
            port = rest.isEmpty ? nil : rest.hasPrefix(":") ? rest.dropFirst() : "-"
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        let isPort = port.map { $0.first?.isNumber == true && UInt16($0) ?? 0 > 0 } ?? true
        guard !host.isEmpty, !host.hasPrefix("-"), isPort, host.utf8.allSatisfy(isHostByte) else {
            throw GitFailure(.refused, "the URL has no valid host and port", hint: advice)
        }
        return (host.lowercased(), port.flatMap { UInt16($0) }.map(String.init))
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return host == "localhost" || host == "::1"
            || parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func withoutQuery(_ path: Substring) -> Substring {
        path[..<(path.firstIndex { $0 == "?" || $0 == "#" } ?? path.endIndex)]
    }

    private static func encoded(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            if byte == UInt8(ascii: "/") || byte != UInt8(ascii: ":") && isHostByte(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(String(digits) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension GitSettings {
    /// Of a repository on this machine's disk, from its path or its `file://` URL; nil for any other.
    package static func path(ofURL url: String) -> String? { (try? RepositoryURL(url, allowFile: true))?.path }
}
