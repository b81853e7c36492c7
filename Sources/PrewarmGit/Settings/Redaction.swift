import PrewarmCore
import PrewarmEngine

/// Removes secrets from texts of libgit2 and of servers.
struct Redaction: Sendable {
    /// The secrets, the longest first, because one may be a part of another.
    private var secrets: [String] = []
    /// The minimum length, in bytes, of a user name that is treated as a token.
    private static let shortestToken = 12

    init(_ settings: GitSettings, url: RepositoryURL?) {
        switch settings.credentials {
        case .token(.text(let token), let username):
            add(GitLogin(username: username ?? GitLogin.tokenUser, password: token))
        case .usernamePassword(let username, .text(let password)): add(GitLogin(username: username, password: password))
        case .sshKey(_, .text(let passphrase)?): add(passphrase)
        case .none, .sshKey, .sshAgent, .token, .usernamePassword, .source: break
        }
        if let info = url?.userInfo, let password = info.password {
            add(GitLogin(username: info.name, password: password))
        }
        if let proxy = settings.proxy { add(proxy: proxy) }
    }

    /// Adds the whole address and the parts of its login. If the address is not readable, a password may be anywhere in
    /// it.
    private mutating func add(proxy: String) {
        add(proxy)
        guard let userInfo = ProxyURL(proxy)?.userInfo else { return }
        if let colon = userInfo.firstIndex(of: ":") {
            add(userInfo)
            add(String(userInfo[userInfo.index(after: colon)...]))
        } else if userInfo.utf8.count >= Self.shortestToken {
            // It may be a token. A short user name is not added, because it would be removed from ordinary words.
            add(userInfo)
        }
    }

    /// Returns a redaction that also removes a login.
    func adding(_ login: GitLogin) -> Redaction {
        var redaction = self
        redaction.add(login)
        return redaction
    }

    /// Returns a redaction that also removes a secret.
    func adding(_ secret: String) -> Redaction {
        var redaction = self
        redaction.add(secret)
        return redaction
    }

    private mutating func add(_ login: GitLogin) {
        add(login.password)
        add(login.basicCredentials)
    }

    private mutating func add(_ secret: String) {
        guard !secret.isEmpty, !secrets.contains(secret) else { return }
        secrets.append(secret)
        secrets.sort { $0.utf8.count > $1.utf8.count }
    }

    /// Returns the text as one line of at most 300 characters, without secrets and without the logins in URLs.
    func clean(_ text: String) -> String {
        var text = text
        for secret in secrets { text = text.replacing(secret, with: "[redacted]") }
        text = text.withoutURLLogins
        let words = text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }
        let line = words.joined(separator: " ")
        return line.limited(to: 300)
    }
}
