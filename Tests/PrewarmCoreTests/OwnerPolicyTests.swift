import PrewarmCore
import Testing

@Suite("The limits of owners")
struct OwnerPolicyTests {
    private let policy = OwnerPolicy(
        standard: .init(claims: 3),
        rules: [
            .init(match: Glob("team-a/lead"), waiting: 7), .init(match: Glob("team-a/*"), claims: 20),
            .init(match: Glob("ci"), kind: .token, claims: 50, waiting: 500),
            .init(match: Glob("repo:acme/**"), kind: .oidc, claims: 10),
            .init(match: Glob("**"), kind: .oidc, claims: 0),
        ])

    @Test(
        "The first matching rule applies, and what it leaves out is the default",
        arguments: [
            (Owner(.text, "ada"), 3, 100), (Owner(.text, "team-a/ada"), 20, 100), (Owner(.text, "team-a/lead"), 3, 7),
            (Owner(.text, "team-a/x/y"), 3, 100), (Owner(.token, "team-a/ada"), 20, 100),
            (Owner(.token, "ci"), 50, 500), (Owner(.text, "ci"), 3, 100), (Owner(.unrecorded, "team-a/ada"), 20, 100),
            (Owner(.oidc(issuer: "https://i"), "repo:acme/web:ref:refs/heads/main"), 10, 100),
            (Owner(.oidc(issuer: "https://i"), "repo:other/web"), 0, 100),
        ])
    func rules(owner: Owner, claims: Int, waiting: Int) {
        #expect(policy.limits(of: owner) == OwnerPolicy.Limits(claims: claims, waiting: waiting))
    }

    @Test("Without a configuration, only the number of waiting claims is limited")
    func standard() {
        #expect(OwnerPolicy().limits(of: "ada") == OwnerPolicy.Limits(claims: nil, waiting: 100))
        #expect(!OwnerPolicy().limitsClaims && policy.limitsClaims)
        #expect(OwnerPolicy(rules: [.init(match: Glob("a"), claims: 1)]).limitsClaims)
    }
}
