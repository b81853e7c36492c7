/// Takes secrets out of texts that others wrote: libgit2's messages, and what servers answer.
struct Redaction: Sendable {
    private let secrets: [String]

    init(_ settings: GitSettings, url: RepositoryURL?) {
        var secrets: [String] = []
        func add(user: String, password: String) {
            secrets.append(password)
            secrets.append(Base64.encode(Array("\(user):\(password)".utf8)))
        }
        switch settings.credentials {
        case .token(let token): add(user: tokenUser, password: token)
        case .usernamePassword(let username, let password): add(user: username, password: password)
        case .none, .sshKey: break
        }
        if let info = url?.userInfo, let password = info.password { add(user: info.name, password: password) }
        self.secrets = secrets.filter { !$0.isEmpty }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// One line of at most 300 characters, without secrets and without the user information of any URL.
    func clean(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.replacing(secret, with: "[redacted]") }
        text = Self.withoutUserInformation(text)
        let words = text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }
        let line = words.joined(separator: " ")
        return line.count > 300 ? line.prefix(299) + "…" : line
    }

    private static func withoutUserInformation(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let scheme = rest.firstRange(of: "://") {
            result += rest[..<scheme.upperBound]
            rest = rest[scheme.upperBound...]
            let end = rest.firstIndex { $0 == "/" || $0.isWhitespace || $0 == "'" || $0 == "\"" } ?? rest.endIndex
            if let at = rest[..<end].lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        }
        return result + rest
    }
}

/// The user that a token is sent for.
let tokenUser = "x-access-token"
