import PrewarmCore

extension ObjectShape {
    private static let file = Shape.text(.text("a file", maximum: 4096))
    private static let longText = Shape.text(.text("text", maximum: 4096))

    static let source = ObjectShape(
        "the source", rule: .notBoth("path", "paths"),
        [
            .required("name", .text(.name), "as commands and the status call it"),
            .optional(
                "default", .boolean,
                "true: a bare name of a preset means the one of this source where several sources have one (default: the first source of the configuration that has it)"
            ),
            .required(
                "url", longText, "https://…, ssh://…, git@host:path, file://…, or a path from this file's folder"),
            .optional("ref", .object(ref), "what to follow; the remote's HEAD unless it is said"),
            .optional("path", longText, "the folder of the manifests; all of the repository unless it is said"),
            .optional("paths", .list(longText, minimum: 1), "several folders or files, in place of path"),
            .optional(
                "include", .list(.text(.pathPattern), minimum: 0),
                "patterns as in .gitignore, from each path on: only files that one of them fits are read"),
            .optional(
                "exclude", .list(.text(.pathPattern), minimum: 0),
                "patterns of the same kind: what they fit is not read"
            ),
            .optional("interval", .duration(minimum: .seconds(1)), "between two looks; 1m unless it is said"),
            .optional(
                "timeout", .duration(minimum: .seconds(1)),
                "of one look or fetch, of which a server may be silent for a sixth, at least 10s; 1m unless it is said"),
            .optional("maxPackSize", .text(.size), "what one fetch may bring; 1GiB unless it is said"),
            .optional("auth", .object(auth), "how to get in"),
            .optional("verify", .object(verify), "whose signature a commit needs"),
            .optional(
                "requireFastForward", .boolean,
                "true: a revision whose history lacks the one in force is refused; else it is told and applied"),
            .optional("caFile", file, "certificates to trust for https, as a PEM file"),
            .optional("proxy", .text(.proxy), "for https; $HTTPS_PROXY and $NO_PROXY unless it is said"),
            .optional(
                "mode", .text(.choice(["reconcile", "observe"])),
                "observe: plans are made and shown, never carried out; reconcile unless it is said"),
            .optional("freeze", .list(.object(freeze), minimum: 0), "times in which its pools are left as they are"),
        ])

    private static let freeze = ObjectShape(
        "the freeze",
        [
            .required("cron", .text(.cron), "when it begins, as \"0 18 * * 5\""),
            .required("duration", .duration(minimum: .seconds(60)), "how long it lasts"),
            .optional("timezone", .text(.timezone), "an IANA name, as Europe/Berlin; UTC unless it is said"),
            .optional(
                "allow", .list(.text(.choice(["create", "delete"])), minimum: 0),
                "what goes on meanwhile; nothing unless it is said"),
        ])

    private static let ref = ObjectShape(
        "ref", rule: .exactlyOne(["branch", "tag", "semver", "commit"]),
        [
            .optional("branch", longText, "a branch, as main"),
            .optional("tag", longText, "a tag, as v1.2.0"),
            .optional("semver", longText, "a range of tags, as 1.x"),
            .optional(
                "commit",
                .text(
                    TextRule("a commit of 40 hexadecimal digits", pattern: "^[0-9a-f]{40}$") { text in
                        text.utf8.count == 40
                            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
                            ? nil : .init(message: "expected 40 hexadecimal digits in lower case")
                    }), "a commit of 40 hexadecimal digits"),
        ])

    private static let auth = ObjectShape(
        "auth",
        rule: .all([
            .exactlyOne([
                "token", "tokenFile", "password", "passwordFile", "sshKey", "sshAgent", "command", "githubApp",
            ]),
            .needs("password", ["username"]), .needs("passwordFile", ["username"]),
            .needs("username", ["password", "passwordFile", "token", "tokenFile"]),
            .needs("passphrase", ["sshKey"]), .needs("passphraseFile", ["sshKey"]),
            .notBoth("passphrase", "passphraseFile"), .needs("knownHosts", ["sshKey", "sshAgent"]),
            .needs("hostKeys", ["sshKey", "sshAgent"]), .notBoth("knownHosts", "hostKeys"),
        ]),
        [
            .optional("token", longText, "sent as the password over https; ${NAME} takes it from the environment"),
            .optional("tokenFile", file, "a file that holds the token; it is read again at each use"),
            .optional("username", longText, "with password, or with a token where the server wants a certain one"),
            .optional("password", longText, "with username"),
            .optional("passwordFile", file, "with username: a file that holds the password, read again at each use"),
            .optional("sshKey", file, "a file with a private key"),
            .optional("passphrase", longText, "with sshKey, where the key has one"),
            .optional("passphraseFile", file, "with sshKey: a file that holds the passphrase"),
            .optional("sshAgent", .boolean, "true: the keys of the agent that SSH_AUTH_SOCK leads to"),
            .optional(
                "knownHosts", file,
                "over ssh: a file in the form of ~/.ssh/known_hosts; that and /etc/ssh/ssh_known_hosts unless it is said"
            ),
            .optional(
                "hostKeys", .list(.text(.fingerprint), minimum: 1),
                "over ssh: the fingerprints of the host's keys, in place of known hosts"),
            .optional(
                "command", .list(longText, minimum: 1),
                "a program that prints {\"username\": …, \"password\": …}; run without a shell at each use"),
            .optional("githubApp", .object(githubApp), "tokens of a GitHub App, made from its key"),
            .optional("clientCertificate", .text(.impossibleCertificate), "not possible with the libgit2 of today"),
        ])

    private static let githubApp = ObjectShape(
        "githubApp",
        [
            .required(
                "appId", .either([.integer(1...9_007_199_254_740_991), .text(.digits)]), "of the app's settings"),
            .required(
                "installationId", .either([.integer(1...9_007_199_254_740_991), .text(.digits)]),
                "the number in the URL of the installation"),
            .required("privateKeyFile", file, "the app's private key, as GitHub gave it"),
            .optional(
                "apiUrl", .text(.apiURL),
                "https://HOST/api/v3 of an own server; https://api.github.com unless it is said"),
        ])

    private static let verify = ObjectShape(
        "verify",
        [
            .required("mode", .text(.choice(["none", "ssh", "openpgp"])), "none, ssh or openpgp"),
            .optional("allowedSigners", file, "with ssh: a file in the form of ssh-keygen's allowed signers"),
            .optional("keys", file, "with openpgp: a file of public keys"),
            .optional(
                "scope", .text(.choice(["tip", "new"])),
                "new: every commit since the one in force needs a signature, too; tip unless it is said"),
        ])
}
