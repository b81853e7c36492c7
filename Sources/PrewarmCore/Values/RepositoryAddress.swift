/// The address of a repository in a normal form, by which payloads and sources are compared.
///
/// The scheme, the user, a default port, `.git` and slashes at the ends are removed, and the host is in lower case.
package struct RepositoryAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host, with the port if it is not the default port of the scheme.
    package let host: String
    /// The parts of the path; at least one.
    package let path: [String]

    package var description: String { "\(host)/\(path.joined(separator: "/"))" }

    /// The longest accepted text in bytes.
    private static let lengthLimit = 2048
    private static let defaultPorts = ["https": "443", "http": "80", "ssh": "22", "git": "9418", "git+ssh": "22"]
    /// The forges for which the case of a path has no meaning.
    private static let caselessHosts: Set = ["github.com", "gitlab.com", "bitbucket.org"]

    /// Returns nil if the text names no repository on a host, for example if it is a folder of this machine.
    /// - Parameter ignoringCase: If true, the path is in lower case. It is at the large forges in any case. A server of
    ///   its own may have two repositories that differ in case.
    package init?(_ text: String, ignoringCase: Bool) {
        guard text.utf8.count <= Self.lengthLimit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
            let url = RemoteURL(text), let standardPort = Self.defaultPorts[url.scheme]
        else { return nil }
        let port = url.port ?? ""
        let host = Self.mainHosts[url.host] ?? (["", standardPort].contains(port) ? url.host : "\(url.host):\(port)")
        var parts = Self.parts(of: url)
        guard !url.host.isEmpty, !parts.isEmpty else { return nil }
        if ignoringCase || Self.caselessHosts.contains(host) { parts = parts.map { $0.lowercased() } }
        (self.host, path) = Self.azure(host, parts) ?? (host, parts)
    }

    /// The hosts that serve ssh on port 443, for networks that block port 22, with the forge's main host.
    package static let mainHosts = [
        "ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org",
    ]

    /// Returns true if the path ends with these two parts. It is used for a forge that does not send its address.
    package func ends(inProject project: String, repository: String) -> Bool {
        path.suffix(2) == [project.lowercased(), repository.lowercased()]
    }

    /// Returns the decoded parts of the path of a repository, without `.git` at its end.
    package static func parts(of url: RemoteURL) -> [String] {
        var parts = url.path.prefix { $0 != "?" && $0 != "#" }.split(separator: "/").map(\.percentDecoded)
        if let last = parts.last?.lowercased(), last.hasSuffix(".git") {
            let name = String(parts.removeLast().dropLast(4))
            if !name.isEmpty { parts.append(name) }
        }
        return parts
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
