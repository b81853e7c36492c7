/// The user name and password for a repository over https. Its descriptions do not show the password.
package struct GitLogin: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let username: String
    package let password: String

    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The user name that forges accept together with a token: GitHub, GitLab, Gitea and Bitbucket.
    package static let tokenUser = "x-access-token"

    package var description: String { "\(username):[redacted]" }
    package var debugDescription: String { description }
}

/// A source of logins that are made when they are needed: a command of the operator, or tokens of a forge's app.
package protocol GitLoginSource: Sendable {
    /// Returns a login, which may be cached.
    func login() async throws(GitFailure) -> GitLogin

    /// Notes that the server refused the login, so that it is removed from the cache.
    func refused(_ login: GitLogin) async
}
