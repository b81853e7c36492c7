import Glibc
import PrewarmCore

/// The keys of `server` that control access to the HTTP server.
extension ObjectShape {
    static let accessKeys: [Key] = [
        .optional(
            "baseUrl", .text(.url), "The URL at which clients reach the server (default: derived from listen)."),
        .optional(
            "tls", .object(tls),
            "The certificate of the server (default: HTTP without TLS, for example behind a proxy)."
        ),
        .optional(
            "trustedProxies", .list(.text(.addressRange), minimum: 0),
            "The addresses of proxies whose headers X-Forwarded-For and X-Forwarded-Proto prewarm trusts, for example 10.0.0.0/8.",
            default: .list([])),
        .optional(
            "webhooks", .list(.object(webhook), minimum: 0),
            "Webhooks that receive pushes from forges, at /webhooks/<name>."),
        .optional(
            "oidc", .list(.object(oidc), minimum: 0),
            "OpenID Connect issuers whose tokens the server accepts, so that CI needs no stored secret."),
        .optional(
            "signIn", .list(.object(signIn), minimum: 0),
            "OpenID Connect providers at which people sign in to the dashboard. It requires `baseUrl`."),
    ]

    private static let file = Shape.text(.text("a path", maximum: 4096))

    private static let tls = ObjectShape(
        "tls",
        [
            .required("certificate", file, "A PEM file with the certificate, followed by intermediate certificates."),
            .required("key", file, "A PEM file with the private key."),
        ])

    private static let webhook = ObjectShape(
        "webhook",
        [
            .required("name", .text(.name), "The name of the webhook, which is the last part of its URL."),
            .required(
                "kind", .text(.choice(WebhookKind.allCases.map(\.rawValue))),
                """
                The forge whose signatures the webhook verifies. `gitea` includes Forgejo and Gogs. \
                `generic` is an HMAC in X-Signature. `standard` is Standard Webhooks.
                """),
            .required(
                "secrets", .list(.text(TextRule("text", minimumLength: 1, maximumLength: 1024)), minimum: 1),
                "The secrets that the forge may sign with. During a rotation, list the old and the new secret."),
            .optional(
                "sources", .list(.text(.name), minimum: 1),
                "The names of the sources that a push may wake up (default: all sources)."),
        ])

    private static let oidc = ObjectShape(
        "issuer",
        [
            .required("issuer", .text(.url), "The URL of the issuer, exactly as the claim `iss` of its tokens has it."),
            .required(
                "audience", .text(.text("text", maximum: 1024)),
                "The value that the claim `aud` of a token must have."),
            .optional(
                "caFile", file,
                "A PEM file with the certificate authorities to trust for the issuer (default: those of the system)."),
            .optional(
                "jwksUrl", .text(.url),
                "The URL of the issuer's keys (default: taken from the discovery document of the issuer)."),
            .required(
                "rules", .list(.object(rule), minimum: 1),
                "The rules that give a token its role. The first rule whose claims all match applies."),
        ])

    private static let signIn = ObjectShape(
        "provider", rule: .notBoth("clientSecret", "clientSecretFile"),
        [
            .required(
                "name", .text(.name),
                "The name of the provider. It sends browsers back to <baseUrl>/login/<name>/callback."),
            .optional(
                "title", .text(.text("text", maximum: 100)),
                "The name of the provider on the sign-in page (default: the name)."),
            .required(
                "issuer", .text(.url), "The URL of the provider, exactly as the claim `iss` of its ID tokens has it."),
            .required(
                "clientId", .text(.text("text", maximum: 1024)),
                "The ID that the provider gave to prewarm. ID tokens must have it as the claim `aud`."),
            .optional(
                "clientSecret", .text(.text("text", maximum: 4096)),
                """
                The secret that the provider gave to prewarm (default: none, for a public client). \
                ${NAME} takes it from the environment.
                """),
            .optional("clientSecretFile", file, "A file with the secret. prewarm reads it again for each sign-in."),
            .optional(
                "scopes", .list(.text(.scope), minimum: 1),
                "What prewarm asks the provider for. It must include `openid`.",
                default: .list(Configuration.SignIn.standardScopes)),
            .optional(
                "caFile", file,
                "A PEM file with the certificate authorities to trust for the provider (default: those of the system)."),
            .required(
                "rules", .list(.object(rule), minimum: 1),
                "The rules that give a person a role. The first rule whose claims all match applies."),
        ])

    private static let rule = ObjectShape(
        "rule",
        [
            .required(
                "claims", .map(key: .claimName, value: .text(.text("a pattern", maximum: 1024))),
                """
                Patterns for claims, by the name of the claim. All of them have to match. \
                * matches any text without a slash, ** matches any text, ? matches one character.
                """),
            .required("role", .text(.choice(Role.allCases.map(\.rawValue))), "The role that the rule gives."),
            .optional(
                "presets", .list(.text(.presetPattern), minimum: 1),
                "Patterns for the presets that the rule covers, for example go-* or source/go-* (default: all presets)."
            ),
        ])
}

extension TextRule {
    /// A URL without user name, query and fragment. It has the scheme https, or http if the host is this machine.
    static let url = TextRule(
        "a URL, for example https://prewarm.example.org",
        pattern: "^(https://|http://(localhost|127\\.[0-9.]+|\\[::1\\])(:|/|$))[^\\s@?#]*$", minimumLength: 9,
        maximumLength: 1024
    ) { text in
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains(where: { "@?#".contains($0) }) else {
            return TextError(
                message: "expected a URL without user name, query and fragment, for example https://prewarm.example.org"
            )
        }
        if text.hasPrefix("https://") {
            return RemoteURL(text)?.host.isEmpty == false
                ? nil : TextError(message: "expected a host name after https://")
        }
        guard text.hasPrefix("http://") else {
            return TextError(message: "expected a URL, for example https://prewarm.example.org")
        }
        return RemoteURL(text)?.isLoopback == true
            ? nil
            : TextError(message: "expected https://. http:// is allowed only for localhost, 127.0.0.0/8 and [::1]")
    }

    static let addressRange = TextRule(
        "an IP address or a range, for example 10.0.0.0/8 or fd00::/8", pattern: "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
        maximumLength: 64
    ) { text in
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var address = in6_addr()
        let isSix = parts[0].contains(":")
        let isAddress = inet_pton(isSix ? AF_INET6 : AF_INET, String(parts[0]), &address) == 1
        let isLength =
            parts.count == 1
            || parts[1].utf8.allSatisfy { (48...57).contains($0) }
                && Int(parts[1]).map { $0 <= (isSix ? 128 : 32) } == true
        return isAddress && isLength
            ? nil : TextError(message: "expected an IP address or a range, for example 10.0.0.0/8 or fd00::/8")
    }

    static let scope = TextRule(
        "a scope, for example email", pattern: "^[!#-\\[\\]-~]+$", maximumLength: 256)

    static let claimName = TextRule(
        "the name of a claim, for example repository", pattern: "^[!-~]+$", maximumLength: 256)

    /// A glob pattern for `preset` or `source/preset`.
    static let presetPattern = TextRule(
        "a pattern for presets, for example go-* or source/go-*", pattern: "^[a-z0-9*?-]+(/[a-z0-9*?-]+)?$",
        maximumLength: 128)
}
