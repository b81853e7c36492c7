import PrewarmCore
import Testing

@testable import PrewarmServer

@Suite("Who may what")
struct AuthorizationTests {
    private static let go = PresetKey(source: "main", name: "go")
    private static let ci = Owner(.token, "ci")
    private static let job = Owner(.oidc(issuer: "https://issuer.example"), "ci")

    private static func principal(_ role: Role, _ presets: [String] = []) -> Principal {
        Principal(.token(id: "x"), name: "ci", role: role, presets: PresetScope(presets))
    }

    /// `+` allowed, `m` masked, `-` refused: viewer, claimer, operator.
    static let table: [(AccessRequest, String)] = [
        (.look, "+++"), (.lookAtPreset(go), "+++"), (.nudge, "+++"),
        (.lookAtWorkspace(go, owner: nil), "m-+"), (.lookAtWorkspace(go, owner: ci), "m++"),
        (.lookAtWorkspace(go, owner: "ada"), "m-+"),
        // The same name of another kind is another owner.
        (.lookAtWorkspace(go, owner: "ci"), "m-+"), (.lookAtWorkspace(go, owner: job), "m-+"),
        (.lookAtWorkspace(go, owner: Owner(.unrecorded, "ci")), "m-+"),
        (.claim(go, owner: ci), "-++"), (.claim(go, owner: "ci"), "--+"), (.claim(go, owner: job), "--+"),
        (.claim(go, owner: "ada"), "--+"), (.claim(go, owner: ""), "--+"),
        (.release(go, owner: ci), "-++"), (.release(go, owner: "ci"), "--+"), (.release(go, owner: job), "--+"),
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

    @Test("Every role may what the table says", arguments: table)
    func roles(request: AccessRequest, expected: String) {
        let found = Role.allCases.map { mark(Authorization.decide(Self.principal($0), request)) }
        #expect(String(found) == expected)
    }

    @Test("Who is for some presets may nothing about others, whatever the role", arguments: table)
    func otherPresets(request: AccessRequest, expected: String) {
        for role in Role.allCases {
            let decision = Authorization.decide(Self.principal(role, ["rust-*"]), request)
            switch request {
            case .look, .nudge: #expect(decision == .allowed)
            default: #expect(!decision.isAllowed, "\(role)")
            }
        }
    }

    @Test("Who is for some presets may about those what the role may", arguments: table)
    func ownPresets(request: AccessRequest, expected: String) {
        for (role, mark) in zip(Role.allCases, expected) {
            let decision = Authorization.decide(Self.principal(role, ["main/g*"]), request)
            switch request {
            case .operate, .administer: #expect(!decision.isAllowed, "that is about all presets")
            default: #expect(self.mark(decision) == mark, "\(role)")
            }
        }
    }

    @Test("A refusal says who may not, and what it would take")
    func messages() {
        #expect(
            throws: AccessError(.refused, "token ci has the role viewer, claimer is needed")
        ) { try Authorization.require(Self.principal(.viewer), .claim(Self.go, owner: Self.ci)) }
        #expect(throws: AccessError(.refused, "token ci claims for itself only, as \"ci\"")) {
            try Authorization.require(Self.principal(.claimer), .claim(Self.go, owner: "ada"))
        }
        #expect(throws: AccessError(.refused, "token ci is not for the preset main/go")) {
            try Authorization.require(Self.principal(.operator, ["rust"]), .operatePreset(Self.go))
        }
    }

    @Test(
        "Subjects of two issuers, and subjects that differ behind their first 200 characters, own nothing of each other"
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
        // Rows from before kinds were recorded hold the first 200 characters of a subject.
        #expect(principals[0].isOwner(Owner(.unrecorded, "ci")))
        #expect(principals[2].isOwner(Owner(.unrecorded, principals[2].name.forMessage)))
        #expect(!principals[0].isOwner(Owner(.unrecorded, "ada")))
    }

    @Test("A text that an operator gives is no token, unless it is the operator's own name")
    func texts() {
        let ops = Principal(.token(id: "x"), name: "ops", role: .operator)
        #expect(ops.owner(named: "ci") == "ci" && ops.owner(named: "ops") == Owner(.token, "ops"))
        #expect(Principal.local(user: "root").owner(named: "root") == "root")
    }
}
