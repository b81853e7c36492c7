package import PrewarmEngine

/// The keys whose signature a commit or an annotated tag needs.
///
/// A key is checked as it is now. A signature by a key that has expired or was revoked is not accepted, regardless of
/// the time in the commit.
package struct GitVerification: Sendable {
    package enum Keys: Sendable {
        /// An allowed signers file (ssh-keygen(1), ALLOWED SIGNERS).
        case ssh(allowedSigners: String)
        /// A file of OpenPGP public keys, armored or binary.
        case openpgp(file: String)

        var path: String {
            switch self {
            case .ssh(let path), .openpgp(let path): path
            }
        }
    }

    package enum Scope: Sendable {
        /// The commit to apply, or the tag that points at it.
        case tip
        /// The tip, and each commit since the applied revision.
        case new
    }

    package var keys: Keys
    package var scope: Scope
    package var tools: any ToolRunner

    package init(keys: Keys, scope: Scope = .tip, tools: any ToolRunner) {
        self.keys = keys
        self.scope = scope
        self.tools = tools
    }
}
