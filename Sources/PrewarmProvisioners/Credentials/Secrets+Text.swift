import PrewarmCore

extension String {
    /// The text without parts that look like secrets, for error messages with text from outside.
    ///
    /// It removes lines of a shell trace, the logins of URLs, and values at places where secrets usually are. It does not
    /// know the secrets. So a secret at another place stays.
    var withoutSecrets: String {
        let header = /(?i)(authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|token)\s+)?[^\s"']+/
        let scheme = /(?i)((?:bearer|basic)\s+(?:token\s+)?)[^\s"']+/
        let pair =
            /(?i)((?:pass|secret|token|bearer|credential|(?:api|access|private).?key)[\w-]*\\?["']?\s*[:=]\s*)(?:"(?:\\.|[^"\n])*"?|'[^'\n]*'?|\S+)/
        // These prefixes are also found inside a word, for example after `ada:`.
        let known = /(?:gh[oprsu]_|github_pat_|glpat-)[\w-]+|eyJ[\w.-]+/
        return split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).filter { !$0.hasPrefix("+") }
            .joined(separator: "\n")
            .replacing(header) { "\($0.1)…" }
            .replacing(scheme) { "\($0.1)…" }
            .replacing(pair) { "\($0.1)…" }
            .replacing(known, with: "…")
            .withoutURLLogins
    }
}
