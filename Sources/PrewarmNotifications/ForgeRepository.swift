/// A repository at a forge, derived from the URL of a source.
struct ForgeRepository: Hashable, Sendable {
    /// The address of the forge without a path, for example `https://git.example.org`.
    let address: SinkAddress
    /// The path of the repository: `owner/name`, at GitLab with all groups.
    let path: String

    /// Returns nil if the URL does not lead to a forge, for example if it is a path on a disk.
    init?(url: String) {
        let (scheme, authority, path): (String, Substring, Substring)
        if let separator = url.firstRange(of: "://") {
            let rest = url[separator.upperBound...]
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            (scheme, authority, path) = (url[..<separator.lowerBound].lowercased(), rest[..<slash], rest[slash...])
        } else if let colon = url.firstIndex(of: ":"), !url[..<colon].contains("/") {
            (scheme, authority, path) = ("ssh", url[..<colon], url[url.index(after: colon)...])
        } else {
            return nil
        }
        guard ["https", "http", "ssh"].contains(scheme) else { return nil }
        var host = String(authority.split(separator: "@").last ?? "").lowercased()
        // The port of ssh does not serve the API.
        if scheme == "ssh", !host.hasPrefix("["), let colon = host.firstIndex(of: ":") { host = String(host[..<colon]) }
        host = Self.main[host] ?? host
        var name = path.split(separator: "/").joined(separator: "/")
        if name.hasSuffix(".git") { name = String(name.dropLast(4)) }
        guard !host.isEmpty, name.split(separator: "/").count >= 2 else { return nil }
        address = SinkAddress(scheme: scheme == "http" ? "http" : "https", authority: host, path: "")
        self.path = name
    }

    /// The hosts that forges use for ssh on port 443, with the forge's main host.
    private static let main = [
        "ssh.github.com": "github.com", "ssh.github.com:443": "github.com", "altssh.gitlab.com": "gitlab.com",
        "altssh.gitlab.com:443": "gitlab.com",
    ]
}
