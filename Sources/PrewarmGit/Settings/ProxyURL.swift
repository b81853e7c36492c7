import PrewarmCore
import PrewarmEngine

/// The address of a proxy: `http://host:port`, with or without a login before the host.
struct ProxyURL {
    let host: String
    let port: String
    let userInfo: String?

    /// Returns nil if the text is not such an address.
    init?(_ text: String) {
        // An @ after /, ? or # means that the login contains an unescaped character, so there is no host before it.
        guard let url = RemoteURL(text), Self.hasUsableScheme(text), !url.path.contains("@"),
            url.userInfo?.contains(where: { $0 == "?" || $0 == "#" }) != true
        else { return nil }
        userInfo = url.userInfo.map(String.init)
        host = url.host.filter { $0 != "[" && $0 != "]" }
        let number = url.port ?? ""
        guard !host.isEmpty, url.port == nil || UInt16(number) != nil else { return nil }
        port = number.isEmpty ? "80" : number
    }

    /// The decoded login, or nil if the address has no login.
    var login: (name: String, password: String)? {
        guard let userInfo else { return nil }
        let parts = userInfo[...].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts[0].percentDecoded, parts.count > 1 ? parts[1].percentDecoded : "")
    }

    private static func hasUsableScheme(_ text: String) -> Bool { text.lowercased().hasPrefix("http://") }

    /// Throws `.refused` if the proxy of a source is invalid. The message does not contain the proxy, because a
    /// password may be anywhere in it.
    static func check(_ settings: GitSettings) throws(GitFailure) {
        guard let text = settings.proxy, ProxyURL(text) == nil else { return }
        let problem =
            hasUsableScheme(text)
            ? "it is not a valid address" : "only http:// proxies are supported"
        throw GitFailure(
            .refused, "invalid proxy of source \(settings.name): \(problem)",
            hint: "write http://USER:PASSWORD@HOST:PORT, with %2F for a / in the password, in `proxy` of source "
                + "\(settings.name) or in $HTTPS_PROXY")
    }
}
