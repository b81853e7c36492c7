import PrewarmCore

/// Errors of `server` that a shape cannot express: weak secrets, unknown sources, and rules that match any token.
extension Configuration {
    func serverProblems() -> [Diagnostic] {
        server.webhooks.flatMap { problems(of: $0) }
            + server.oidc.flatMap { Self.problems(of: $0.rules, issuer: $0.issuer.value) }
            + duplicateIssuers() + signInProblems()
    }

    // MARK: Webhooks

    /// The minimum length of a webhook secret in characters. A shorter secret can be guessed from one signed body.
    private static let leastSecret = 8

    private func problems(of webhook: Webhook) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        let names = sources.map(\.name.value)
        for source in webhook.sources ?? [] where !names.contains(source.value) {
            problems.append(
                Diagnostic(
                    .error, at: source.position,
                    "invalid webhook \"\(webhook.name.value)\": unknown source \"\(source.value)\"",
                    hint: names.closest(to: source.value).map { "did you mean \"\($0)\"?" }
                        ?? "use one of \(names.joined(separator: ", "))"))
        }
        for secret in webhook.secrets { problems += Self.problem(of: secret, webhook).map { [$0] } ?? [] }
        return problems
    }

    /// Returns the problem with a secret. The message does not contain the secret.
    private static func problem(of secret: Located<String>, _ webhook: Webhook) -> Diagnostic? {
        let text = secret.value
        let isSigningKey = webhook.kind == .standard || webhook.kind == .gitlab && text.hasPrefix("whsec_")
        if isSigningKey, !isBase64Key(text.hasPrefix("whsec_") ? text.dropFirst(6) : text[...]) {
            return Diagnostic(
                .error, at: secret.position,
                "invalid secret of webhook \"\(webhook.name.value)\": expected whsec_ and a key in base64",
                hint: "copy the secret as the forge shows it, or generate one: echo whsec_$(openssl rand -base64 32)")
        }
        if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            return Diagnostic(
                .error, at: secret.position,
                "invalid secret of webhook \"\(webhook.name.value)\": it begins or ends with a space or a line break",
                hint: "remove the space or line break where the variable is set, for example with tr -d '\\n'")
        }
        guard text.count < leastSecret else { return nil }
        return Diagnostic(
            .error, at: secret.position,
            "invalid secret of webhook \"\(webhook.name.value)\": expected at least \(leastSecret) characters, "
                + "found \(text.count)",
            hint: "generate a secret with `openssl rand -hex 32`, and set the same secret at the forge")
    }

    private static func isBase64Key(_ text: Substring) -> Bool {
        let digits = text.utf8.prefix { $0.isAlphanumeric || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") }
        let padding = text.utf8.count - digits.count
        return digits.count >= 11 && digits.count % 4 != 1 && padding <= 2
            && text.utf8.suffix(padding).allSatisfy { $0 == UInt8(ascii: "=") }
    }

    // MARK: OIDC

    /// - Parameter isForPeople: True for rules of people who sign in, and false for rules of CI jobs.
    static func problems(of rules: [OIDC.Rule], issuer: String, isForPeople: Bool = false) -> [Diagnostic] {
        rules.compactMap { rule in
            if rule.claims.isEmpty {
                return Diagnostic(
                    .error, at: rule.position,
                    "invalid rule: without claims, it would accept every token of the issuer",
                    hint: "add at least one claim, for example claims: "
                        + (isForPeople ? "{groups: platform}" : "{repository: example/presets}"))
            }
            guard
                let problem = OIDCRuleCheck(issuer: issuer, isForPeople: isForPeople).problem(
                    rule.claims.mapValues(\.value))
            else { return nil }
            let position = problem.claim.flatMap { rule.claims[$0]?.position } ?? rule.position
            return Diagnostic(.error, at: position, problem.message, hint: problem.hint)
        }
    }

    private func duplicateIssuers() -> [Diagnostic] {
        var seen: Set<[String]> = []
        return server.oidc.compactMap { issuer in
            // Both spellings have the same discovery document, so two entries are a mistake.
            let url = issuer.issuer.value
            let name = url.hasSuffix("/") ? String(url.dropLast()) : url
            guard !seen.insert([name, issuer.audience]).inserted else { return nil }
            return Diagnostic(
                .error, at: issuer.issuer.position,
                "invalid issuer \"\(issuer.issuer.value)\": it is listed twice for the audience \"\(issuer.audience)\"",
                hint: "move the rules of both entries into one")
        }
    }
}
