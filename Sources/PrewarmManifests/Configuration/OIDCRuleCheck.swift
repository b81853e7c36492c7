/// Checks that an OIDC rule accepts only the tokens of certain owners. A forge signs tokens for all of its users, so at
/// least one claim of a rule has to name an owner or an ID.
///
/// A pattern names an owner if it has no wildcard before the end of the owner. For example, `example/*` and
/// `repo:example/presets:**` name the owner `example`. `ex*/presets`, `?*/*` and `repo:**` also match owners that
/// anyone can register.
struct OIDCRuleCheck {
    struct Problem: Hashable {
        /// The claim that could name an owner but does not. Nil if the rule has no such claim.
        let claim: String?
        let message: String
        let hint: String
    }

    /// The form of a claim, which decides how much of its pattern must be without wildcards.
    private enum Subject {
        /// An ID or a name. All of it must be without wildcards.
        case whole
        /// A path of the form `owner/rest`. The owner and the given number of parts before it must be without
        /// wildcards.
        case path(before: Int)
        /// A text of the form `kind:owner/…` or `kind:id:…`, where the kind names an owner.
        case subject
    }

    private static let subjects: [String: Subject] = [
        "repository": .path(before: 0), "repository_id": .whole, "repository_owner": .whole,
        "repository_owner_id": .whole, "workflow_ref": .path(before: 0),
        "enterprise": .whole, "enterprise_id": .whole, "project_path": .path(before: 0), "project_id": .whole,
        "namespace_path": .path(before: 0), "namespace_id": .whole,
        "organization_slug": .whole, "organization_id": .whole, "email": .whole, "hd": .whole, "actor": .whole,
        "actor_id": .whole, "user_login": .whole, "user_email": .whole, "user_id": .whole, "sub": .subject,
    ]

    /// The kinds at the beginning of a `sub` that name an owner, as forges write them.
    private static let kinds: Set<String> = [
        "repo", "repository", "repository_id", "repository_owner", "repository_owner_id",
        "workflow_ref", "project_path", "project_id", "namespace_path", "namespace_id", "organization",
        "organization_id", "org", "enterprise",
    ]

    /// Claims that describe a job but not its owner. The jobs of every owner can have the same values. For example,
    /// `job_workflow_ref` and `ci_config_ref_uri` name a file that every owner may use if it is public.
    private static let shared: Set<String> = [
        "iss", "aud", "exp", "iat", "nbf", "jti", "typ", "ref", "ref_type", "ref_path", "ref_protected", "sha",
        "head_ref", "base_ref", "event_name", "environment", "environment_protected", "deployment_tier",
        "environment_action", "workflow", "workflow_sha", "job_workflow_ref", "job_workflow_sha", "run_id",
        "run_number", "run_attempt",
        "runner_environment", "runner_id", "user_access_level", "repository_visibility", "project_visibility",
        "pipeline_id", "pipeline_source", "job_id",
        "pipeline_slug", "build_number", "build_branch", "build_tag", "build_commit", "build_source", "step_key",
        "branch", "ci_config_ref_uri", "ci_config_sha", "groups_direct", "email_verified",
    ]

    /// Issuers that sign tokens for all users of a public service, with their claims that can name an owner.
    private static let publicIssuers: [String: [String]] = [
        "https://token.actions.githubusercontent.com": [
            "repository", "repository_id", "repository_owner", "repository_owner_id", "sub",
            "workflow_ref", "enterprise", "enterprise_id",
        ],
        "https://gitlab.com": [
            "project_path", "project_id", "namespace_path", "namespace_id", "sub",
        ],
        "https://agent.buildkite.com": ["organization_slug", "organization_id", "sub"],
        "https://accounts.google.com": ["email", "sub", "hd"],
    ]

    /// Claims of people who sign in at a public issuer, with their forms. A person there can choose the other claims.
    private static let people: [String: [String: Subject]] = [
        "https://gitlab.com": ["sub": .whole, "email": .whole, "groups_direct": .path(before: 0)],
        "https://accounts.google.com": ["sub": .whole, "email": .whole, "hd": .whole],
    ]

    let issuer: String
    /// True for rules of people who sign in, and false for rules of CI jobs.
    var isForPeople = false

    /// Returns the problem with a rule that has these patterns. Nil if the rule accepts only the tokens of certain
    /// owners.
    func problem(_ claims: [String: String]) -> Problem? {
        let naming = claims.filter { canName($0.key) }
        guard !naming.contains(where: { names($0.key, $0.value) }) else { return nil }
        let hint = "name an owner or an ID in full, for example \(examples.joined(separator: " or "))"
        guard let (claim, pattern) = naming.min(by: { $0.key < $1.key }) else {
            return Problem(
                claim: nil, message: "invalid rule: it names no owner, because none of its claims identifies one",
                hint: hint)
        }
        return Problem(
            claim: claim,
            message: "invalid rule: it names no owner, because \"\(pattern)\" for \(claim) matches owners that anyone "
                + "can register",
            hint: hint)
    }

    private func canName(_ claim: String) -> Bool {
        if isForPeople {
            if let known = Self.people[issuer] { return known[claim] != nil }
            if claim == "groups_direct" { return true }
        }
        return Self.publicIssuers[issuer]?.contains(claim) ?? !Self.shared.contains(claim)
    }

    private func names(_ claim: String, _ pattern: String) -> Bool {
        let fixed = pattern.prefix { $0 != "*" && $0 != "?" }
        let isFixed = fixed.endIndex == pattern.endIndex
        switch subject(of: claim) {
        case .whole: return isFixed && Self.isName(fixed)
        case .path(let before):
            let parts = fixed.split(separator: "/", omittingEmptySubsequences: false)
            // If a wildcard follows, the last part is not complete.
            let whole = isFixed ? parts[...] : parts.dropLast()
            return whole.count > before && whole.prefix(before + 1).allSatisfy(Self.isName)
        case .subject: return isSubject(fixed, isFixed: isFixed)
        // A claim that is specific to a private issuer.
        case nil: return isFixed ? Self.isName(fixed) : fixed.contains { $0.isLetter || $0.isNumber }
        }
    }

    private func subject(of claim: String) -> Subject? {
        guard isForPeople else { return Self.subjects[claim] }
        if let known = Self.people[issuer] { return known[claim] }
        return claim == "sub" ? .whole : Self.subjects[claim]
    }

    private func isSubject(_ fixed: Substring, isFixed: Bool) -> Bool {
        let parts = fixed.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, Self.kinds.contains(String(parts[0])) {
            let owner = parts[1].prefix { $0 != "/" && $0 != ":" }
            return Self.isName(owner) && (isFixed || owner.endIndex < fixed.endIndex)
        }
        // A subject of GitHub or GitLab can begin with any claim that a repository chooses. Those of Google are
        // numbers.
        if issuer == "https://token.actions.githubusercontent.com" || issuer == "https://gitlab.com" { return false }
        // A private issuer: the first two parts are complete, for example in system:serviceaccount:ci:*.
        let whole = fixed.split(separator: ":", omittingEmptySubsequences: false)
        return isFixed ? Self.isName(fixed) : whole.count > 2 && whole.prefix(2).allSatisfy(Self.isName)
    }

    /// Returns true if a text can be a literal name. Patterns of other tools, for example `[a-z]` and `!a`, match
    /// nothing.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && !"[]{}()!^|\\".unicodeScalars.contains($0) }
            && text.contains { $0.isLetter || $0.isNumber }
    }

    private var examples: [String] {
        switch issuer {
        case "https://gitlab.com" where isForPeople: ["groups_direct: example", "email: ada@example.org"]
        case "https://accounts.google.com" where isForPeople: ["hd: example.org", "email: ada@example.org"]
        case _ where isForPeople: ["groups: platform", "email: ada@example.org"]
        case "https://gitlab.com": ["project_id: \"278964\"", "project_path: example/*", "namespace_path: example"]
        case "https://agent.buildkite.com": ["organization_slug: example"]
        case "https://accounts.google.com": ["email: ci@example.org", "hd: example.org"]
        default: ["repository_id: \"1296269\"", "repository: example/*", "sub: repo:example/presets:**"]
        }
    }
}
