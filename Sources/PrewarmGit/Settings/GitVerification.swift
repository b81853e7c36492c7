package import PrewarmEngine

/// Whose signature a commit or an annotated tag needs. A key counts by what is so now: one that has expired or was
/// revoked signs nothing, whatever time a commit gives itself.
package struct GitVerification: Sendable {
    package enum Keys: Sendable {
        /// A file in the form of ssh-keygen's allowed signers (ssh-keygen(1), ALLOWED SIGNERS).
        case ssh(allowedSigners: String)
        /// A file of OpenPGP public keys, armoured or not.
        case openpgp(file: String)

        var path: String {
            switch self {
            case .ssh(let path), .openpgp(let path): path
            }
        }
    }

    package enum Scope: Sendable {
        /// The commit to be applied, or the tag that leads to it.
        case tip
        /// Every commit that came since what is in force, too.
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
