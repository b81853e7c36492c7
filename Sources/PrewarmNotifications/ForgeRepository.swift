internal import PrewarmCore

/// A repository at a forge, derived from the URL of a source.
struct ForgeRepository: Hashable, Sendable {
    /// The address of the forge without a path, for example `https://git.example.org`.
    let address: SinkAddress
    /// The path of the repository: `owner/name`, at GitLab with all groups.
    let path: String

    /// Returns nil if the URL does not lead to a forge, for example if it is a path on a disk.
    init?(url text: String) {
        guard let url = RemoteURL(text), ["https", "http", "ssh"].contains(url.scheme), !url.host.isEmpty else {
            return nil
        }
        let parts = RepositoryAddress.parts(of: url)
        guard parts.count >= 2 else { return nil }
        let host = RepositoryAddress.mainHosts[url.host] ?? url.host
        // The port of ssh does not serve the API.
        let port = url.scheme == "ssh" ? "" : url.port.map { ":\($0)" } ?? ""
        address = SinkAddress(scheme: url.scheme == "http" ? "http" : "https", authority: host + port, path: "")
        path = parts.joined(separator: "/")
    }
}
