/// The address of a repository in a normal form, by which payloads and sources are compared.
///
/// The scheme, the user, a default port, `.git` and slashes at the ends are removed, and letters become lower case. No
/// forge has two repositories that differ only in case. A wrong match would cost only one request to the remote.
package struct RepositoryAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host, with the port if it is not the default port of the scheme.
    package let host: String
    /// The parts of the path; at least one.
    package let path: [String]

    package var description: String { "\(host)/\(path.joined(separator: "/"))" }

    /// The longest accepted text in bytes.
    private static let lengthLimit = 2048
    private static let defaultPorts = ["https": "443", "http": "80", "ssh": "22", "git": "9418", "git+ssh": "22"]

    /// Returns nil if the text names no repository on a host, for example if it is a folder of this machine.
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

    /// The hosts that serve ssh on port 443, for networks that block port 22, with the forge's main host.
    private static let aliases = [
        "ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org",
    ]

    /// Returns true if the path ends with these two parts. It is used for a forge that does not send its address.
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

    /// Decodes percent-encoding, which occurs in the names of Azure's projects, for example `My%20Project`.
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

    /// Returns the normal form of an Azure DevOps address.
    ///
    /// `dev.azure.com/org/project/_git/repository`, `org.visualstudio.com/project/_git/repository` and
    /// `ssh.dev.azure.com:v3/org/project/repository` are the same repository. The project may be left out if it has the
    /// name of the repository.
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
