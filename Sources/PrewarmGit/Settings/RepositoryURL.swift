import PrewarmCore
import PrewarmEngine

/// The valid URL of a repository.
struct RepositoryURL: Sendable {
    enum Scheme: String {
        case https, http, ssh, file

        /// The port without a port in the URL; empty for files.
        var standardPort: String {
            switch self {
            case .https: "443"
            case .http: "80"
            case .ssh: "22"
            case .file: ""
            }
        }
    }

    let scheme: Scheme
    /// The host; empty for files.
    let host: String
    /// The port, or the default of the scheme; empty for files.
    let port: String
    /// The port in the original URL, or nil if it has none.
    let explicitPort: String?
    /// The path that the server gets: for ssh decoded, otherwise as in the URL with its query.
    let remotePath: String
    /// The URL for libgit2. It contains a user name for ssh only, and never a password.
    let text: String
    /// The URL for messages, without user information and query.
    let display: String
    /// The path of a repository on disk; nil for other schemes.
    var path: String? { scheme == .file ? display : nil }
    /// The name and password in the original URL, decoded.
    let userInfo: (name: String, password: String?)?

    /// - Throws: `.refused` if the scheme or form is not allowed.
    init(_ text: String, allowFile: Bool) throws(GitFailure) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw GitFailure(.refused, "invalid URL: it is empty or contains control characters")
        }
        let isFile = text.hasPrefix("/") || text.hasPrefix("./") || text.hasPrefix("../")
        guard isFile || text.lowercased().hasPrefix("file://") || !text.contains(" ") else {
            throw GitFailure(.refused, "invalid URL: it contains spaces", hint: "write %20 for a space in a path")
        }
        if isFile {
            self = try Self.file(text, allowFile: allowFile)
        } else if text.contains("://") {
            self = try Self.read(text, allowFile: allowFile)
        } else if !text.contains("["), text.contains("::") {
            throw GitFailure(.refused, "invalid URL: the form helper::address is not supported", hint: Self.advice)
        } else {
            self = try Self.shortSSH(text)
        }
    }

    private init(
        scheme: Scheme, host: String, port: String?, remotePath: String, text: String, display: String,
        userInfo: (name: String, password: String?)?
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.standardPort
        explicitPort = port
        self.remotePath = remotePath
        self.text = text
        self.display = display
        self.userInfo = userInfo
    }

    private static let advice = "use https://host/path.git or ssh://git@host/path.git"

    private static func read(_ text: String, allowFile: Bool) throws(GitFailure) -> RepositoryURL {
        guard let parts = RemoteURL(text), let scheme = Scheme(rawValue: parts.scheme) else {
            let scheme = text.prefix { $0 != ":" }.lowercased()
            throw GitFailure(.refused, "invalid URL: \(scheme):// URLs are not supported", hint: advice)
        }
        let path = parts.path
        if scheme == .file {
            guard parts.userInfo == nil, parts.port == nil, ["", "localhost"].contains(parts.host) else {
                throw GitFailure(
                    .refused, "invalid URL: a file:// URL must not contain a host",
                    hint: "write file:///path/to/repository")
            }
            return try file(path.percentDecoded, allowFile: allowFile)
        }
        let userInfo = parts.userInfo.map { info -> (name: String, password: String?) in
            let parts = info.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].percentDecoded, parts.count > 1 ? parts[1].percentDecoded : nil)
        }
        let (host, port) = try hostAndPort(parts)
        let bare = bracketed(host)
        let address = port.map { "\(bare):\($0)" } ?? bare
        guard scheme != .http || parts.isLoopback else {
            throw GitFailure(
                .refused, "invalid URL: http:// is not encrypted, so it is allowed for this machine only",
                hint: "use https://\(address)\(withoutQuery(path))")
        }
        let user = scheme == .ssh ? "\(userInfo?.name ?? "git")@" : ""
        guard !user.hasPrefix("-"), user.utf8.allSatisfy({ $0 != UInt8(ascii: "%") && $0 != UInt8(ascii: "/") })
        else {
            throw GitFailure(.refused, "invalid URL: the user name contains characters that are not allowed for ssh")
        }
        // The server gets the path of an ssh URL decoded, in a command.
        let sent = scheme == .ssh ? path.percentDecoded : String(path)
        let url = RepositoryURL(
            scheme: scheme, host: host, port: port,
            // As git does: ssh://host/~ada/a is relative to the home directory of ada.
            remotePath: scheme == .ssh && sent.hasPrefix("/~") ? String(sent.dropFirst()) : sent,
            text: "\(scheme.rawValue)://\(user)\(address)\(sent)",
            display: "\(scheme.rawValue)://\(address)\(withoutQuery(path))", userInfo: userInfo)
        try url.checkPath(sent)
        return url
    }

    /// Reads the short form of an ssh URL, `git@host:path`. Brackets enclose an IPv6 address or a host with a port, for
    /// example `git@[::1]:path` and `[git@host:2222]:path`.
    private static func shortSSH(_ text: String) throws(GitFailure) -> RepositoryURL {
        let end = text.contains("[") ? text.firstIndex(of: "]") ?? text.startIndex : text.startIndex
        guard let colon = text[end...].firstIndex(of: ":"), !text[..<colon].contains("/") else {
            throw GitFailure(.refused, "invalid URL: it has no scheme", hint: advice)
        }
        if text.hasPrefix("["), text[..<end].contains("@") || !text[..<end].contains("::") {
            guard text[end...].hasPrefix("]:") else {
                throw GitFailure(.refused, "invalid URL: it has no valid host and port", hint: advice)
            }
            let inner = text[text.index(after: text.startIndex)..<end]
            let path = text[text.index(after: colon)...]
            if inner.contains(":") {
                // As in git, the path begins at the root.
                return try read(
                    "ssh://\(inner)/\(path.hasPrefix("/") ? path.dropFirst() : path)", allowFile: false)
            }
            return try shortSSH("\(inner):\(path)")
        }
        let path = text[text.index(after: colon)...]
        guard !["https", "http", "ssh", "file"].contains(text[..<colon].lowercased()),
            !path.prefix(while: { $0 != "/" }).contains("@")
        else {
            throw GitFailure(.refused, "invalid URL: it has no :// after its scheme", hint: advice)
        }
        let url = try read("ssh://\(text[..<colon])/\(path)", allowFile: false)
        // Keep the path: without a leading slash, it is relative to the user's home directory on the server.
        let host = bracketed(url.host)
        return RepositoryURL(
            scheme: .ssh, host: url.host, port: nil, remotePath: String(path),
            text: "\(url.userInfo?.name ?? "git")@\(host):\(path)",
            display: "\(host):\(path)", userInfo: url.userInfo)
    }

    /// Reads a path. An absolute path becomes an encoded `file://` URL, because libgit2 would take a path with a colon
    /// that does not exist for an ssh URL.
    private static func file(_ path: String, allowFile: Bool) throws(GitFailure) -> RepositoryURL {
        guard !path.isEmpty, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw GitFailure(.refused, "invalid URL: it has no path, or contains control characters")
        }
        guard allowFile else {
            throw GitFailure(
                .refused, "invalid URL: repositories on the disk of this machine are not allowed",
                hint: "use https or ssh")
        }
        let text = path.hasPrefix("/") ? "file://\(path.percentEncoded(keeping: "/"))" : path
        return RepositoryURL(
            scheme: .file, host: "", port: nil, remotePath: path, text: text, display: path, userInfo: nil)
    }

    /// Throws if the path is empty or unsafe. libgit2 puts the path of an ssh URL between single quotes, for the shell
    /// of the server.
    private func checkPath(_ path: String) throws(GitFailure) {
        guard path.count > 1, path.hasPrefix("/") else {
            throw GitFailure(.refused, "invalid URL \(display): it has a host, but no repository", hint: Self.advice)
        }
        guard scheme != .ssh || !path.contains("'") && !path.hasPrefix("/-") && path.utf8.allSatisfy({ $0 > 0x20 })
        else {
            throw GitFailure(.refused, "invalid URL: the path contains characters that are not allowed for ssh")
        }
    }

    /// Returns the host as in a URL, an IPv6 address in brackets.
    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// The host and port: `host:port`.
    var address: String { "\(Self.bracketed(host)):\(port)" }

    private static func hostAndPort(_ parts: RemoteURL) throws(GitFailure) -> (String, String?) {
        let isSix = parts.host.hasPrefix("[") && parts.host.hasSuffix("]")
        let host = isSix ? String(parts.host.dropFirst().dropLast()) : parts.host
        let isPort = parts.port.map { $0.first?.isNumber == true && UInt16($0) ?? 0 > 0 } ?? true
        guard !host.isEmpty, !host.hasPrefix("-"), isPort, host.utf8.allSatisfy(isHostByte) else {
            throw GitFailure(.refused, "invalid URL: it has no valid host and port", hint: advice)
        }
        return (host, parts.port.flatMap { UInt16($0) }.map(String.init))
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

    private static func withoutQuery(_ path: Substring) -> Substring {
        path[..<(path.firstIndex { $0 == "?" || $0 == "#" } ?? path.endIndex)]
    }
}

extension GitSettings {
    /// Returns the path of a repository on disk from its path or `file://` URL, or nil for other URLs.
    package static func path(ofURL url: String) -> String? { (try? RepositoryURL(url, allowFile: true))?.path }
}
