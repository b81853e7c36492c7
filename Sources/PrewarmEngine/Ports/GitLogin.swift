/// What a repository is entered with over https. It never shows its password.
package struct GitLogin: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let username: String
    package let password: String

    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The user that forges take a token for: GitHub, GitLab, Gitea and Bitbucket.
    package static let tokenUser = "x-access-token"

    package var description: String { "\(username):[redacted]" }
    package var debugDescription: String { description }
}

/// Gives a login at the moment of its use: a command of the operator's, or tokens of a forge's app.
package protocol GitLoginSource: Sendable {
    func login() async throws(GitFailure) -> GitLogin

    /// The server did not take it: what is kept of it is forgotten.
    func refused(_ login: GitLogin) async
}
