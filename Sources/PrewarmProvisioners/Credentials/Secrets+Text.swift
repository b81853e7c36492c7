extension String {
    /// For what somebody else wrote, as an error's text: without lines of a shell's trace, and without what stands where
    /// secrets mostly do. It knows no secret, and can't find one that looks like nothing.
    var withoutSecrets: String {
        split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("+") }.joined(separator: "\n")
            .replacing(/(?i)((?:authorization|proxy-authorization)\s*[:=]\s*(?:\w+\s+)?|\b(?:bearer|basic)\s+)[^\s"']+/)
        {
            "\($0.1)…"
        }
            .replacing(/(?i)((?:password|passwd|secret|token|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"'&]+/) { "\($0.1)…" }
            .replacing(/\b(?:gh[oprsu]_|github_pat_|glpat-)[\w-]+|\beyJ[\w.-]+/, with: "…")
            .replacing(/:\/\/[^\s\/@]+@/, with: "://…@")
    }
}
