import Glibc
import PrewarmCore

/// What `server` says about who may ask, and how.
extension ObjectShape {
    static let accessKeys: [Key] = [
        .optional(
            "baseUrl", .text(.url), "as clients reach it, where that is another address than it listens at"),
        .optional("tls", .object(tls), "where no proxy does it"),
        .optional(
            "trustedProxies", .list(.text(.addressRange), minimum: 0),
            "from where X-Forwarded-For is believed, as 10.0.0.0/8"),
        .optional("webhooks", .list(.object(webhook), minimum: 0), "served at /webhooks/<name>"),
        .optional(
            "oidc", .list(.object(oidc), minimum: 0),
            "issuers whose tokens are good, so that CI needs no stored secret"),
    ]

    private static let file = Shape.text(.text("a path", maximum: 4096))

    private static let tls = ObjectShape(
        "tls",
        [
            .required("certificate", file, "a PEM file: the certificate, then those between it and the root"),
            .required("key", file, "a PEM file with the private key"),
        ])

    private static let webhook = ObjectShape(
        "the webhook",
        [
            .required("name", .text(.name), "the end of its URL"),
            .required(
                "kind", .text(.choice(WebhookKind.allCases.map(\.rawValue))), "the forge whose signatures it checks"),
            .required(
                "secrets", .list(.text(TextRule("text", minimumLength: 1, maximumLength: 1024)), minimum: 1),
                "as the forge has it; several while one is being replaced"),
            .optional(
                "sources", .list(.text(.name), minimum: 1), "which it may nudge; all of them unless it is said"),
        ])

    private static let oidc = ObjectShape(
        "the issuer",
        [
            .required("issuer", .text(.url), "exactly as its tokens say it"),
            .required("audience", .text(.text("text", maximum: 1024)), "what tokens must be meant for"),
            .optional("caFile", file, "certificates of a private authority in PEM, for an issuer of your own"),
            .optional("jwksUrl", .text(.url), "where its keys are, if it has no discovery document"),
            .required("rules", .list(.object(rule), minimum: 1), "the first one whose claims all match counts"),
        ])

    private static let rule = ObjectShape(
        "the rule",
        [
            .required(
                "claims", .map(key: .claimName, value: .text(.text("a pattern", maximum: 1024))),
                "patterns by the claim's name: * is anything but a slash, ** anything, ? one character"),
            .required("role", .text(.choice(Role.allCases.map(\.rawValue))), "viewer, claimer or operator"),
            .optional(
                "presets", .list(.text(.presetPattern), minimum: 1),
                "which presets it is about, as go-* or source/go-*; all unless it is said"),
        ])
}

extension TextRule {
    /// A web address without user information, query and fragment; over http only to this machine.
    static let url = TextRule(
        "a URL, as https://prewarm.example.org",
        pattern: "^(https://|http://(localhost|127\\.[0-9.]+|\\[::1\\])(:|/|$))[^\\s@?#]*$", minimumLength: 9,
        maximumLength: 1024
    ) { text in
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.contains(where: { "@?#".contains($0) }) else {
            return Problem(message: "expected a URL without user, query and fragment, as https://prewarm.example.org")
        }
        if text.hasPrefix("https://") {
            return text.count > 8 && !text.hasPrefix("https:///")
                ? nil : Problem(message: "expected a host behind https://")
        }
        guard text.hasPrefix("http://") else {
            return Problem(message: "expected a URL, as https://prewarm.example.org")
        }
        let host = text.dropFirst(7).prefix { $0 != "/" }
        let name = host.hasPrefix("[::1]:") ? "[::1]" : host.hasPrefix("[") ? host : host.prefix { $0 != ":" }
        let isLoopback = name == "localhost" || name == "[::1]" || name.isLoopbackAddress
        return isLoopback ? nil : Problem(message: "expected https://, for http is for this machine alone")
    }

    static let addressRange = TextRule(
        "an address or a range of them, as 10.0.0.0/8 or fd00::/8", pattern: "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
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
            ? nil : Problem(message: "expected an address or a range, as 10.0.0.0/8 or fd00::/8")
    }

    static let claimName = TextRule("the name of a claim, as repository", pattern: "^[!-~]+$", maximumLength: 256) {
        text in
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            ? nil : Problem(message: "expected the name of a claim, as repository")
    }

    /// A glob over `preset`, or over `source/preset`.
    static let presetPattern = TextRule(
        "a pattern for presets, as go-* or source/go-*", pattern: "^[a-z0-9*?-]+(/[a-z0-9*?-]+)?$",
        maximumLength: 128
    ) { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isGood =
            parts.count <= 2
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        (97...122).contains(byte) || (48...57).contains(byte) || "*?-".utf8.contains(byte)
                    }
            }
        return isGood ? nil : Problem(message: "expected a pattern for presets, as go-* or source/go-*")
    }
}

extension StringProtocol {
    fileprivate var isLoopbackAddress: Bool {
        let parts = split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
