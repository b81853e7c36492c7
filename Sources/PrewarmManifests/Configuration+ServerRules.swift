import PrewarmCore

/// What a shape can't say of `server`: secrets that are none, sources that nobody knows, rules that let everybody in.
extension Configuration {
    func serverProblems() -> [Diagnostic] {
        server.webhooks.flatMap { problems(of: $0) } + server.oidc.flatMap { Self.problems(of: $0) }
            + duplicateIssuers()
    }

    // MARK: Webhooks

    /// In characters. Shorter ones can be guessed from one signed body.
    private static let leastSecret = 8

    private func problems(of webhook: Webhook) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        let names = sources.map(\.name.value)
        for source in webhook.sources ?? [] where !names.contains(source.value) {
            problems.append(
                Diagnostic(
                    .error, at: source.position,
                    "the webhook \(webhook.name.value) is for the source \"\(source.value)\", which is not configured",
                    hint: names.closest(to: source.value).map { "did you mean \"\($0)\"?" }
                        ?? "the sources are \(names.joined(separator: ", "))"))
        }
        for secret in webhook.secrets { problems += Self.problem(of: secret, webhook).map { [$0] } ?? [] }
        return problems
    }

    /// Says nothing of the secret itself.
    private static func problem(of secret: Located<String>, _ webhook: Webhook) -> Diagnostic? {
        let text = secret.value
        let isSigningKey = webhook.kind == .standard || webhook.kind == .gitlab && text.hasPrefix("whsec_")
        if isSigningKey, !isBase64Key(text.hasPrefix("whsec_") ? text.dropFirst(6) : text[...]) {
            return Diagnostic(
                .error, at: secret.position,
                "a secret of the webhook \(webhook.name.value) is no signing key: expected whsec_ and base64",
                hint: "copy it as it was shown, or make one: echo whsec_$(openssl rand -base64 32)")
        }
        if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            return Diagnostic(
                .error, at: secret.position,
                "a secret of the webhook \(webhook.name.value) begins or ends with a space or a line break",
                hint: "take it away where the variable is set, as with tr -d '\\n'")
        }
        guard text.count < leastSecret else { return nil }
        return Diagnostic(
            .error, at: secret.position,
            "a secret of the webhook \(webhook.name.value) has \(text.count) characters, at least \(leastSecret) are needed",
            hint: "make one with `openssl rand -hex 32`, and give it to the forge, too")
    }

    private static func isBase64Key(_ text: Substring) -> Bool {
        let digits = text.utf8.prefix { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let padding = text.utf8.count - digits.count
        return digits.count >= 11 && digits.count % 4 != 1 && padding <= 2
            && text.utf8.suffix(padding).allSatisfy { $0 == UInt8(ascii: "=") }
    }

    // MARK: OIDC

    private static func problems(of issuer: OIDC) -> [Diagnostic] {
        issuer.rules.compactMap { rule in
            if rule.claims.isEmpty {
                return Diagnostic(
                    .error, at: rule.position, "the rule has no claims: it would let in every token of the issuer",
                    hint: "name at least one, as claims: {repository: example/presets}")
            }
            guard let problem = OIDCRuleCheck(issuer: issuer.issuer.value).problem(rule.claims.mapValues(\.value))
            else { return nil }
            let position = problem.claim.flatMap { rule.claims[$0]?.position } ?? rule.position
            return Diagnostic(.error, at: position, problem.message, hint: problem.hint)
        }
    }

    private func duplicateIssuers() -> [Diagnostic] {
        var seen: Set<[String]> = []
        return server.oidc.compactMap { issuer in
            guard !seen.insert([issuer.issuer.value, issuer.audience]).inserted else { return nil }
            return Diagnostic(
                .error, at: issuer.issuer.position,
                "the issuer \(issuer.issuer.value) is there twice for the audience \(issuer.audience)",
                hint: "put the rules of both into one")
        }
    }
}
