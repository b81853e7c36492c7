import PrewarmCore

extension ObjectShape {
    private static let file = Shape.text(.text("a file", maximum: 4096))
    private static let longText = Shape.text(.text("text", maximum: 4096))

    static let source = ObjectShape(
        "source",
        rule: .all([
            .notBoth("path", "paths"), .needs("clientCertificate", ["clientKey"]),
            .needs("clientKey", ["clientCertificate"]),
        ]),
        [
            .required("name", .text(.name), "The name of the source in commands and in the status."),
            .optional(
                "default", .boolean,
                """
                If true, a preset name without a source refers to this source if several sources define the preset. \
                If no source is the default, the first source that defines the preset applies.
                """,
                default: .boolean(false)),
            .required(
                "url", longText,
                """
                The URL of the repository: https://…, ssh://…, git@host:path, file://…, \
                or a path relative to the folder of this file.
                """),
            .optional(
                "ref", .object(ref), "The branch, tag, version range or commit to follow (default: HEAD of the remote)."
            ),
            .optional(
                "path", longText, "The folder or file with the manifests. `.` is the whole repository.",
                default: .text(Configuration.Source.standardPath)),
            .optional(
                "paths", .list(longText, minimum: 1), "Several folders or files with manifests, instead of path."),
            .optional(
                "include", .list(.text(.pathPattern), minimum: 0),
                """
                Patterns as in .gitignore, relative to each path. prewarm reads only files that match a pattern \
                (default: all files).
                """),
            .optional(
                "exclude", .list(.text(.pathPattern), minimum: 0),
                "Patterns as in .gitignore, relative to each path. prewarm ignores files that match a pattern.",
                default: .list([])),
            .optional(
                "interval", .duration(minimum: .seconds(1)),
                "The interval at which prewarm checks the repository for a new revision.",
                default: .duration(Configuration.Source.standardInterval)),
            .optional(
                "timeout", .duration(minimum: .seconds(1)),
                """
                The maximum duration of one request to the repository. \
                prewarm also gives up if the server sends nothing for a sixth of this time, but at least 10s.
                """,
                default: .duration(Configuration.Source.standardTimeout)),
            .optional(
                "maxPackSize", .text(.size), "The maximum size of the data that one fetch may receive.",
                default: .text(Configuration.Source.standardMaxPackSize)),
            .optional(
                "auth", .object(auth),
                "The credentials for the repository (default: none over https, the keys of ~/.ssh/config over ssh)."),
            .optional(
                "verify", .object(verify), "The signatures that commits require (default: signatures are not verified)."
            ),
            .optional(
                "requireFastForward", .boolean,
                """
                If true, prewarm refuses a revision whose history does not contain the applied revision. \
                Otherwise it applies the revision and reports the rewritten history.
                """,
                default: .boolean(false)),
            .optional(
                "caFile", file,
                "A PEM file with the certificate authorities to trust for https (default: those of the system)."),
            .optional(
                "clientCertificate", file,
                "A PEM file with a certificate that prewarm shows to the server over https, in addition to auth."),
            .optional("clientKey", file, "A PEM file with the private key of clientCertificate, without a passphrase."),
            .optional(
                "proxy", .text(.proxy),
                "The proxy for https (default: the value of HTTPS_PROXY, limited by NO_PROXY)."),
            .optional(
                "mode", .text(.choice(["reconcile", "observe"])),
                "Whether prewarm carries out its plans for the source (`reconcile`) or only shows them (`observe`).",
                default: .text("reconcile")),
            .optional(
                "freeze", .list(.object(freeze), minimum: 0),
                """
                Times during which prewarm does not change the pools of the source. \
                Users can still claim workspaces.
                """),
        ])

    private static let freeze = ObjectShape(
        "freeze",
        [
            .required(
                "cron", .text(.cron),
                "The start of the freeze, as five fields of cron, for example \"0 18 * * 5\"."),
            .required("duration", .duration(minimum: .seconds(60)), "The duration of the freeze, for example 62h."),
            .optional(
                "timezone", .text(.timezone), "The IANA name of the time zone of cron, for example Europe/Berlin.",
                default: .text(Configuration.standardFreezeTimezone)),
            .optional(
                "allow", .list(.text(.choice(["create", "delete"])), minimum: 0),
                "The actions that prewarm still carries out during the freeze.", default: .list([])),
        ])

    private static let ref = ObjectShape(
        "ref", rule: .exactlyOne(["branch", "tag", "semver", "commit"]),
        [
            .optional("branch", longText, "The name of a branch, for example main."),
            .optional("tag", longText, "The name of a tag, for example v1.2.0."),
            .optional(
                "semver", longText, "A range of versions, for example 1.x. prewarm follows the highest tag in it."),
            .optional(
                "commit",
                .text(
                    TextRule(
                        "a commit of 40 hexadecimal digits", pattern: "^[0-9a-f]{40}$",
                        message: "expected 40 hexadecimal digits in lower case")),
                "The hash of a commit: 40 hexadecimal digits in lower case."),
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
            .optional(
                "token", longText,
                """
                An access token, which prewarm sends as the password over https. \
                ${NAME} takes it from the environment.
                """),
            .optional("tokenFile", file, "A file with the access token. prewarm reads it again for each request."),
            .optional(
                "username", longText,
                "The user name for password or passwordFile, or for a token if the server requires a certain name."),
            .optional("password", longText, "The password of username. ${NAME} takes it from the environment."),
            .optional(
                "passwordFile", file, "A file with the password of username. prewarm reads it again for each request."),
            .optional("sshKey", file, "A file with a private SSH key."),
            .optional("passphrase", longText, "The passphrase of sshKey. ${NAME} takes it from the environment."),
            .optional("passphraseFile", file, "A file with the passphrase of sshKey."),
            .optional("sshAgent", .boolean, "If true, prewarm uses the keys of the SSH agent at SSH_AUTH_SOCK."),
            .optional(
                "knownHosts", file,
                """
                A file with known host keys for ssh, in the format of ~/.ssh/known_hosts \
                (default: the files of ~/.ssh/config, or ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts).
                """),
            .optional(
                "hostKeys", .list(.text(.fingerprint), minimum: 1),
                "The fingerprints of the host keys for ssh, instead of a file with known host keys."),
            .optional(
                "command", .list(longText, minimum: 1),
                """
                A program that prints {"username": …, "password": …}. \
                prewarm runs it without a shell for each request.
                """),
            .optional("githubApp", .object(githubApp), "A GitHub App, for which prewarm creates access tokens."),
        ])

    private static let githubApp = ObjectShape(
        "githubApp",
        [
            .required(
                "appId", .either([.integer(1...9_007_199_254_740_991), .text(.digits)]),
                "The ID of the app, from the settings of the app."),
            .required(
                "installationId", .either([.integer(1...9_007_199_254_740_991), .text(.digits)]),
                "The ID of the installation, from the URL of the installation."),
            .required("privateKeyFile", file, "A PEM file with the private key of the app, as GitHub issued it."),
            .optional(
                "apiUrl", .text(.apiURL),
                "The URL of the GitHub API. For GitHub Enterprise Server, it is https://HOST/api/v3.",
                default: .text(Configuration.GitHubApp.standardAPIURL)),
        ])

    private static let verify = ObjectShape(
        "verify",
        [
            .required(
                "mode", .text(.choice(["none", "ssh", "openpgp"])),
                "The kind of signature that a commit requires. With `none`, signatures are not verified."),
            .optional(
                "allowedSigners", file,
                """
                A file with the SSH keys that may sign, in the format of allowed signers of ssh-keygen. \
                The mode ssh requires it.
                """),
            .optional(
                "keys", file, "A file with the OpenPGP public keys that may sign. The mode openpgp requires it."),
            .optional(
                "scope", .text(.choice(["tip", "new"])),
                """
                The commits that require a signature. `tip` is only the newest commit. \
                `new` is every commit since the applied revision.
                """,
                default: .text("tip")),
        ])
}
