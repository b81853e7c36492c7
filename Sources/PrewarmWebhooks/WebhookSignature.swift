internal import Crypto
internal import FoundationEssentials
package import PrewarmCore

/// The check of a request's signature against the secrets of its endpoint, as the forge documents it.
///
/// It comes before any parsing of the body. Every secret is tried, even after a match, and every comparison takes constant
/// time.
package struct WebhookSignature: Sendable {
    /// The result of a check.
    package enum Finding: Hashable, Sendable {
        case good
        case missing
        case wrong
        /// The signature is good, but its age is outside of ``tolerance``.
        case stale(Duration)
    }

    /// The largest accepted difference between the clocks (Standard Webhooks).
    static let tolerance = Duration.seconds(300)

    let kind: WebhookKind
    let secrets: [String]

    package init(_ kind: WebhookKind, secrets: [String]) {
        self.kind = kind
        self.secrets = secrets
    }

    /// Returns the fault that the header shows without the body; nil if the body is needed.
    func findingByHeader(_ header: WebhookRequest, now: Timestamp) -> Finding? {
        let finding = check(header, now: now)
        switch kind {
        case .azureDevOps: return finding == .good ? nil : finding
        case .gitlab where header.value("webhook-signature") == nil: return finding == .good ? nil : finding
        default: return finding == .missing ? finding : nil
        }
    }

    /// Checks the signature of a request.
    package func check(_ request: WebhookRequest, now: Timestamp) -> Finding {
        switch kind {
        case .github: checkPrefixed(request.value("X-Hub-Signature-256"), request)
        // GitHub has a field of the same name with SHA-1, which is not accepted.
        case .bitbucket: checkPrefixed(request.value("X-Hub-Signature"), request)
        case .generic: checkPrefixed(request.value("X-Signature"), request, allows512: true)
        case .gitea: checkGitea(request)
        case .gitlab: checkGitLab(request, now: now)
        case .standard: checkStandard(request, secrets, now: now)
        case .azureDevOps: checkBasic(request.value("Authorization"))
        }
    }

    // MARK: HMAC in hexadecimal digits

    /// Checks a field of the form `sha256=<hexadecimal digits>`.
    private func checkPrefixed(_ field: String?, _ request: WebhookRequest, allows512: Bool = false) -> Finding {
        guard let field else { return .missing }
        if field.hasPrefix("sha256=") { return check(hex: field.dropFirst(7), request.body, Crypto.SHA256.self) }
        if allows512, field.hasPrefix("sha512=") { return check(hex: field.dropFirst(7), request.body, SHA512.self) }
        return .wrong
    }

    /// Checks only the field with the newest name of the forge. A good field with an older name does not make up for a bad
    /// one.
    private func checkGitea(_ request: WebhookRequest) -> Finding {
        guard let field = request.first("X-Forgejo-Signature", "X-Gitea-Signature", "X-Gogs-Signature") else {
            return .missing
        }
        return check(hex: field[...], request.body, Crypto.SHA256.self)
    }

    private func check<Hash: HashFunction>(hex: Substring, _ body: [UInt8], _: Hash.Type) -> Finding {
        guard let code = Self.bytes(hex: hex), code.count == Hash.Digest.byteCount else { return .wrong }
        return any(of: secrets) { secret in
            HMAC<Hash>.isValidAuthenticationCode(
                code, authenticating: body, using: SymmetricKey(data: Array(secret.utf8)))
        }
    }

    private static func bytes(hex: Substring) -> [UInt8]? {
        let digits = Array(hex)
        guard digits.count % 2 == 0, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0..<$0 + 2]), radix: 16) }
    }

    // MARK: Standard Webhooks

    /// The prefix of a signing key. GitLab sends secrets without it in plain text.
    static let keyPrefix = "whsec_"

    private func checkGitLab(_ request: WebhookRequest, now: Timestamp) -> Finding {
        let keys = secrets.filter { $0.hasPrefix(Self.keyPrefix) }
        if request.value("webhook-signature") != nil, !keys.isEmpty {
            return checkStandard(request, keys, now: now)
        }
        guard let token = request.value("X-Gitlab-Token") else { return .missing }
        return checkPlain(token, secrets.filter { !$0.hasPrefix(Self.keyPrefix) })
    }

    /// Checks a signature of Standard Webhooks:
    /// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    private func checkStandard(_ request: WebhookRequest, _ keys: [String], now: Timestamp) -> Finding {
        guard let field = request.value("webhook-signature"), let id = request.value("webhook-id"),
            let time = request.value("webhook-timestamp")
        else { return .missing }
        let codes = field.split(separator: " ").prefix(16).compactMap { entry in
            entry.hasPrefix("v1,") ? Data(base64Encoded: String(entry.dropFirst(3))) : nil
        }
        let content = Array("\(id).\(time).".utf8) + request.body
        let finding = any(of: keys) { text in
            guard let key = Self.key(text) else { return false }
            var isGood = false
            for code in codes {
                let fits = HMAC<Crypto.SHA256>.isValidAuthenticationCode(
                    code, authenticating: content, using: SymmetricKey(data: key))
                isGood = fits || isGood
            }
            return isGood
        }
        guard finding == .good else { return finding }
        guard let seconds = Int64(time), seconds.magnitude < 1 << 40 else { return .wrong }
        let age = now - Timestamp(seconds: seconds)
        return age > Self.tolerance || age < .zero - Self.tolerance ? .stale(age) : .good
    }

    /// Returns the headers with the signature of a body.
    static func standard(_ body: [UInt8], id: String, now: Timestamp, _ key: SymmetricKey) -> [(String, String)] {
        let time = String(now.wholeSeconds)
        let code = HMAC<Crypto.SHA256>.authenticationCode(for: Array("\(id).\(time).".utf8) + body, using: key)
        return [
            ("webhook-id", id), ("webhook-timestamp", time),
            ("webhook-signature", "v1," + Data(code).base64EncodedString()),
        ]
    }

    /// Returns the bytes of a signing key; nil if the text is not base64. The padding may be missing.
    static func key(_ text: String) -> Data? {
        var encoded = text.hasPrefix(keyPrefix) ? String(text.dropFirst(keyPrefix.count)) : text
        while encoded.utf8.count % 4 != 0 { encoded += "=" }
        return Data(base64Encoded: encoded).flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Secrets in plain text

    /// Compares digests, so that the duration does not reveal the length of the secret.
    private func checkPlain(_ sent: String, _ secrets: [String]) -> Finding {
        let digest = Crypto.SHA256.hash(data: Array(sent.utf8))
        return any(of: secrets) { Crypto.SHA256.hash(data: Array($0.utf8)) == digest }
    }

    /// Checks the password of HTTP's basic authentication. Any user name is accepted.
    private func checkBasic(_ field: String?) -> Finding {
        guard let field else { return .missing }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic", let data = Data(base64Encoded: String(parts[1])),
            let colon = data.firstIndex(of: UInt8(ascii: ":"))
        else { return .wrong }
        return checkPlain(String(decoding: data[data.index(after: colon)...], as: UTF8.self), secrets)
    }

    private func any(of secrets: [String], _ fits: (String) -> Bool) -> Finding {
        var isGood = false
        for secret in secrets where !secret.isEmpty {
            let isThis = fits(secret)
            isGood = isThis || isGood
        }
        return isGood ? .good : .wrong
    }
}
