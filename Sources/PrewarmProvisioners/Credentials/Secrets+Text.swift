import PrewarmCore

extension String {
    /// For what somebody else wrote, as an error's text: without lines of a shell's trace, the logins of URLs, and what
    /// stands where secrets mostly do. It knows no secret, and can't find one that looks like nothing.
    var withoutSecrets: String {
        let header = /(?i)(authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic|token)\s+)?[^\s"']+/
        let scheme = /(?i)((?:bearer|basic)\s+(?:token\s+)?)[^\s"']+/
        let pair =
            /(?i)((?:pass|secret|token|bearer|credential|(?:api|access|private).?key)[\w-]*\\?["']?\s*[:=]\s*)(?:"(?:\\.|[^"\n])*"?|'[^'\n]*'?|\S+)/
        // Anywhere in a word, as a colon between letters bounds none.
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
