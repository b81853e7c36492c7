import PrewarmCore

/// The name of an image, for example `debian:12` or `registry.example.org/dev/go@sha256:…`.
struct ImageName: Sendable {
    /// The whole name, with a tag or a digest.
    let text: String
    /// The part before the tag or the digest.
    let repository: String
    /// The tag, or the digest with its algorithm.
    let tag: String

    /// Reads a name. A name without tag and digest means the tag `latest`.
    init(_ name: String) {
        if let at = name.firstIndex(of: "@") {
            (text, repository) = (name, String(name[..<at]))
            tag = String(name[name.index(after: at)...])
            return
        }
        let last = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
        if let colon = name[last...].firstIndex(of: ":") {
            (text, repository) = (name, String(name[..<colon]))
            tag = String(name[name.index(after: colon)...])
        } else {
            (text, repository, tag) = ("\(name):latest", name, "latest")
        }
    }
}
