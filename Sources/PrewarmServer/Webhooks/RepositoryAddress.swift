/// Where a repository is, in one form for all the ways to write it: what a payload calls it and what the
/// configuration calls it are compared by this.
///
/// Scheme, user, a default port, `.git`, slashes at the ends and the case of letters are left out: no forge has two
/// repositories that differ in case alone, and a nudge too many costs one look at the remote.
package struct RepositoryAddress: Hashable, Sendable, CustomStringConvertible {
    /// With a port where it is not the scheme's own.
    package let host: String
    /// Its parts, never empty.
    package let path: [String]

    package var description: String { "\(host)/\(path.joined(separator: "/"))" }

    /// In bytes.
    private static let lengthLimit = 2048
    private static let defaultPorts = ["https": "443", "http": "80", "ssh": "22", "git": "9418", "git+ssh": "22"]

    /// Nil for what names no repository on a host, as a folder of this machine.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.lengthLimit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            return nil
        }
        let scheme: String
        var authority: Substring
        let rest: Substring
        if let separator = text.firstRange(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            let tail = text[separator.upperBound...]
            let slash = tail.firstIndex(of: "/") ?? tail.endIndex
            (authority, rest) = (tail[..<slash], tail[slash...])
        } else {
            // git@host:path
            guard let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") else { return nil }
            scheme = "ssh"
            (authority, rest) = (text[..<colon], text[text.index(after: colon)...])
        }
        guard let standardPort = Self.defaultPorts[scheme] else { return nil }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let (name, port) = Self.split(authority.lowercased())
        let parts = Self.parts(rest)
        guard !name.isEmpty, !parts.isEmpty else { return nil }
        let host = Self.aliases[name] ?? (port == nil || port == standardPort ? name : "\(name):\(port ?? "")")
        (self.host, path) = Self.azure(host, parts) ?? (host, parts)
    }

    /// Hosts that serve ssh on the port of https, for networks that let nothing else out.
    private static let aliases = [
        "ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org",
    ]

    /// Whether its last two parts are these: a forge that does not say where it is.
    func ends(inProject project: String, repository: String) -> Bool {
        path.suffix(2) == [project.lowercased(), repository.lowercased()]
    }

    private static func split(_ authority: String) -> (name: String, port: String?) {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            let rest = authority[authority.index(after: end)...]
            return (String(authority[...end]), rest.hasPrefix(":") && rest.count > 1 ? String(rest.dropFirst()) : nil)
        }
        let parts = authority.split(separator: ":", maxSplits: 1)
        return (parts.first.map(String.init) ?? "", parts.count > 1 ? String(parts[1]) : nil)
    }

    private static func parts(_ path: Substring) -> [String] {
        let end = path.firstIndex { $0 == "?" || $0 == "#" } ?? path.endIndex
        var parts = path[..<end].split(separator: "/").map { decoded($0).lowercased() }
        if let last = parts.last, last.hasSuffix(".git") {
            parts.removeLast()
            if last != ".git" { parts.append(String(last.dropLast(4))) }
        }
        return parts
    }

    /// `%20` and the like, as in the names of Azure's projects.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let digits = String(rest.prefix(2)), digits.utf8.count == 2,
                let value = UInt8(digits, radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Azure DevOps

    /// `dev.azure.com/org/project/_git/repository`, `org.visualstudio.com/project/_git/repository` and
    /// `ssh.dev.azure.com:v3/org/project/repository` are one; the project may be left out where it has the
    /// repository's name.
    private static func azure(_ host: String, _ parts: [String]) -> (String, [String])? {
        let standard = "dev.azure.com"
        switch host {
        case "ssh.dev.azure.com", "vs-ssh.visualstudio.com":
            guard parts.count == 4, parts[0] == "v3" else { return nil }
            return (standard, [parts[1], parts[2], "_git", parts[3]])
        case standard:
            guard let organisation = parts.first else { return nil }
            return azure(organisation, parts.dropFirst()).map { (standard, $0) }
        default:
            guard host.hasSuffix(".visualstudio.com") else { return nil }
            let rest = parts.first == "defaultcollection" ? parts.dropFirst() : parts[...]
            return azure(String(host.dropLast(".visualstudio.com".count)), rest).map { (standard, $0) }
        }
    }

    private static func azure(_ organisation: String, _ rest: ArraySlice<String>) -> [String]? {
        let parts = Array(rest)
        if parts.count == 2, parts[0] == "_git" { return [organisation, parts[1], "_git", parts[1]] }
        return parts.count == 3 && parts[1] == "_git" ? [organisation] + parts : nil
    }
}
