import PrewarmCore
import Testing

@testable import PrewarmServer

@Suite("Authorization")
struct AuthorizationTests {
    private static let go = PresetKey(source: "main", name: "go")
    private static let ci = Owner(.token, "ci")
    private static let job = Owner(.oidc(issuer: "https://issuer.example"), "ci")

    private static func principal(_ role: Role, _ presets: [String] = []) -> Principal {
        Principal(.token(id: "x"), name: "ci", role: role, presets: PresetScope(presets))
    }

    /// The decision for a viewer, a claimer and an operator: `+` allowed, `m` masked, `-` refused.
    static let table: [(AccessRequest, String)] = [
        (.look, "+++"), (.lookAtPreset(go), "+++"), (.wakeUp, "+++"),
        (.lookAtWorkspace(go, owner: nil), "m-+"), (.lookAtWorkspace(go, owner: ci), "m++"),
        (.lookAtWorkspace(go, owner: "ada"), "m-+"),
        // An owner of another kind with the same name is another owner.
        (.lookAtWorkspace(go, owner: "ci"), "m-+"), (.lookAtWorkspace(go, owner: job), "m-+"),
        (.lookAtWorkspace(go, owner: Owner(.unrecorded, "ci")), "m-+"),
        (.claim(go, owner: ci), "-++"), (.claim(go, owner: "ci"), "--+"), (.claim(go, owner: job), "--+"),
        (.claim(go, owner: "ada"), "--+"), (.claim(go, owner: ""), "--+"),
        (.release(go, owner: ci), "-++"), (.release(go, owner: "ci"), "--+"), (.release(go, owner: job), "--+"),
        (.keep(go, owner: ci), "-++"), (.keep(go, owner: "ci"), "--+"), (.keep(go, owner: nil), "--+"),
        (.release(go, owner: "ada"), "--+"), (.release(go, owner: nil), "--+"),
        (.readLog(go), "--+"), (.operatePreset(go), "--+"), (.operate, "--+"), (.administer, "--+"),
    ]

    private func mark(_ decision: Authorization.Decision) -> Character {
        switch decision {
        case .allowed: "+"
        case .allowedMasked: "m"
        case .refused: "-"
        }
    }

    @Test("Each role is allowed what the table says", arguments: table)
    func roles(request: AccessRequest, expected: String) {
        let found = Role.allCases.map { mark(Authorization.decide(Self.principal($0), request)) }
        #expect(String(found) == expected)
    }

    @Test("A caller may do nothing with presets outside its scope, with any role", arguments: table)
    func otherPresets(request: AccessRequest, expected: String) {
        for role in Role.allCases {
            let decision = Authorization.decide(Self.principal(role, ["rust-*"]), request)
            switch request {
            case .look, .wakeUp: #expect(decision == .allowed)
            default: #expect(!decision.isAllowed, "\(role)")
            }
        }
    }

    @Test("A caller may do with presets in its scope what its role allows", arguments: table)
    func ownPresets(request: AccessRequest, expected: String) {
        for (role, mark) in zip(Role.allCases, expected) {
            let decision = Authorization.decide(Self.principal(role, ["main/g*"]), request)
            switch request {
            case .operate, .administer: #expect(!decision.isAllowed, "this needs the scope of all presets")
            default: #expect(self.mark(decision) == mark, "\(role)")
            }
        }
    }

    @Test("A refusal names the caller and what the request needs")
    func messages() {
        #expect(
            throws: AccessError(.refused, "this needs the role claimer; token ci has the role viewer")
        ) { try Authorization.require(Self.principal(.viewer), .claim(Self.go, owner: Self.ci)) }
        #expect(throws: AccessError(.refused, "token ci may claim only for itself: the owner must be \"ci\"")) {
            try Authorization.require(Self.principal(.claimer), .claim(Self.go, owner: "ada"))
        }
        #expect(throws: AccessError(.refused, "the preset main/go is outside the scope of token ci")) {
            try Authorization.require(Self.principal(.operator, ["rust"]), .operatePreset(Self.go))
        }
    }

    @Test(
        "Equal subjects of two issuers, and subjects with the same first 200 characters, are different owners"
    )
    func subjects() {
        let prefix = String(repeating: "repo:acme/", count: 20)
        let principals = [
            ("https://a.example", "ci"), ("https://b.example", "ci"), ("https://a.example", prefix + "web"),
            ("https://a.example", prefix + "api"),
        ].map { Principal(.oidc(issuer: $0.0), name: $0.1, role: .claimer) }
        for principal in principals {
            #expect(principal.owner(named: principal.name) == principal.owner)
            for other in principals {
                #expect(principal.isOwner(other.owner) == (principal == other))
                #expect((principal.claimKey("k") == other.claimKey("k")) == (principal == other))
            }
        }
        // Rows from before kinds were recorded contain the first 200 characters of a subject.
        #expect(principals[0].isOwner(Owner(.unrecorded, "ci")))
        #expect(principals[2].isOwner(Owner(.unrecorded, principals[2].name.forMessage)))
        #expect(!principals[0].isOwner(Owner(.unrecorded, "ada")))
    }

    @Test("A text that an operator gives as owner is not a token, unless it is the operator's own name")
    func texts() {
        let ops = Principal(.token(id: "x"), name: "ops", role: .operator)
        #expect(ops.owner(named: "ci") == "ci" && ops.owner(named: "ops") == Owner(.token, "ops"))
        #expect(Principal.local(user: "root").owner(named: "root") == "root")
    }
}
