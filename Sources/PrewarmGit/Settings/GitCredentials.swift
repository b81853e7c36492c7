import FoundationEssentials
package import PrewarmEngine

/// The credentials for a repository.
package enum GitCredentials: Sendable {
    case none
    /// A token, which is sent as the password over https. The default of `username` works with the usual forges.
    case token(Secret, username: String? = nil)
    case usernamePassword(username: String, password: Secret)
    /// The file of a private key, and its passphrase if it has one.
    case sshKey(path: String, passphrase: Secret? = nil)
    /// The keys of the ssh agent at a socket, which is the value of `SSH_AUTH_SOCK`.
    case sshAgent(socket: String?)
    /// A source that is asked for a login before each request to the remote.
    case source(any GitLoginSource)
}

/// The text of a secret, or the file that contains it. Its descriptions do not contain the text.
package enum Secret: Sendable, ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible {
    case text(String)
    /// A file, which is read at each use so that secrets can be rotated. White space around the text is removed.
    case file(String)

    package init(stringLiteral text: String) { self = .text(text) }

    package var description: String {
        switch self {
        case .text: "[redacted]"
        case .file(let path): "[the contents of \(path)]"
        }
    }

    package var debugDescription: String { description }

    /// Returns the text of the secret.
    /// - Parameter what: the noun for messages: `the token`.
    /// - Throws: `.authenticationFailed` if the file is not readable, larger than 64 KiB, empty or not text.
    func read(_ what: String) throws(GitFailure) -> String {
        switch self {
        case .text(let text): return text
        case .file(let path):
            guard let bytes = readFile(path, limit: 64 << 10) else {
                throw GitFailure(
                    .authenticationFailed, "cannot read \(what) from \(path)",
                    hint: "check that the file exists, and that the user that prewarm runs as may read it")
            }
            func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
            let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            guard !text.isEmpty, !text.contains(0) else {
                throw GitFailure(
                    .authenticationFailed, "cannot read \(what) from \(path): the file is empty or not text",
                    hint: "write the secret alone into the file")
            }
            return String(decoding: Array(text), as: UTF8.self)
        }
    }
}

/// The host keys that are trusted over ssh.
package enum HostKeyTrust: Sendable {
    /// The keys that the configuration of ssh names, by default those in `~/.ssh/known_hosts` and
    /// `/etc/ssh/ssh_known_hosts`.
    case standard
    /// The keys in files of the known hosts format. A missing file has no keys.
    case files([String])
    /// The fingerprints of the keys as ssh prints them: `SHA256:…`.
    case fingerprints([String])
}

extension GitLogin {
    /// The credentials of HTTP's basic authentication (RFC 7617).
    var basicCredentials: String { Data("\(username):\(password)".utf8).base64EncodedString() }
}
