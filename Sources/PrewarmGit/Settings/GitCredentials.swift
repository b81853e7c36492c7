import Foundation
package import PrewarmEngine

/// How a repository is entered.
package enum GitCredentials: Sendable {
    case none
    /// Sent as a password over https, by the user that forges take tokens for unless another is named.
    case token(Secret, username: String? = nil)
    case usernamePassword(username: String, password: Secret)
    /// A private key in the file, with the passphrase where it has one.
    case sshKey(path: String, passphrase: Secret? = nil)
    /// The keys of the agent at the socket, which `SSH_AUTH_SOCK` names.
    case sshAgent(socket: String?)
    /// Asked each time that the remote is.
    case source(any GitLoginSource)

    var isForSSH: Bool {
        switch self {
        case .sshKey, .sshAgent: true
        case .none, .token, .usernamePassword, .source: false
        }
    }
}

/// A secret's text, or the file that holds it. It never shows itself.
package enum Secret: Sendable, ExpressibleByStringLiteral, CustomStringConvertible, CustomDebugStringConvertible {
    case text(String)
    /// Read again at each use, as what rotates secrets writes files. White space around it is cut.
    case file(String)

    package init(stringLiteral text: String) { self = .text(text) }

    package var description: String {
        switch self {
        case .text: "[redacted]"
        case .file(let path): "[the contents of \(path)]"
        }
    }

    package var debugDescription: String { description }

    /// - Parameter what: what it is, for the message: `the token`.
    func read(_ what: String) throws(GitFailure) -> String {
        switch self {
        case .text(let text): return text
        case .file(let path):
            guard let bytes = readFile(path, limit: 64 << 10) else {
                throw GitFailure(
                    .authenticationFailed, "the file of \(what) can't be read: \(path)",
                    hint: "check that it is there, and that prewarm may read it")
            }
            func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
            let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            guard !text.isEmpty, !text.contains(0) else {
                throw GitFailure(.authenticationFailed, "the file of \(what) holds no text: \(path)")
            }
            return String(decoding: Array(text), as: UTF8.self)
        }
    }
}

/// Which host keys are trusted over ssh.
package enum HostKeyTrust: Sendable {
    /// Those in `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. Without a home of the environment the system is
    /// asked for it.
    case standard(home: String?)
    /// Those in files of that form; one that is not there has no keys.
    case files([String])
    /// `SHA256:…`, as ssh prints them.
    case fingerprints([String])

    /// Where the keys stand; nil where they are pinned.
    var files: [String]? {
        switch self {
        case .standard(let home): ["\(home ?? NSHomeDirectory())/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"]
        case .files(let files): files
        case .fingerprints: nil
        }
    }
}
