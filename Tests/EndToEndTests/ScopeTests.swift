import Foundation
import Testing

@Suite("The scope of a token")
struct ScopeTests {
    private struct Scene {
        let daemon: RunningDaemon
        let tokens: [String: String]
        /// Names and ids of objects of the preset that is outside of the scope, by kind.
        let hidden: [String: String]
    }

    private static func serve(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 1), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        // The first token has to be that of an operator of all presets.
        #expect(try await sandbox.prewarm("token", "create", "root", "--role", "operator").code == 0)
        var tokens: [String: String] = [:]
        for role in ["viewer", "claimer", "operator"] {
            let made = try await sandbox.prewarm("token", "create", role, "--role", role, "--preset", "a")
            #expect(made.code == 0, "\(made.err)")
            tokens[role] = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let known = tokens
        try await sandbox.serve { daemon in
            for preset in ["a", "b"] {
                try await daemon.eventually("\(preset) is ready") { try await daemon.isReady(preset, 1) }
            }
            let claimed = try await daemon.post("/api/v1/presets/b/claims", #"{"owner": "bob"}"#).json()
            let id = try #require(claimed["id"]?.string)
            let claim = try await daemon.get("/api/v1/claims?preset=b").json().list.first?["id"]?.string
            let hidden = [
                "preset": "b", "workspace": id, "name": try #require(claimed["name"]?.string), "operation": id,
                "claim": try #require(claim),
            ]
            try await body(Scene(daemon: daemon, tokens: known, hidden: hidden))
        }
    }

    private typealias Request = (kinds: [String], method: String, path: String, body: String)

    /// The requests that name an object. `{}` is its name.
    private static let requests: [Request] = [
        (["preset"], "GET", "presets/{}", ""), (["preset"], "GET", "workspaces?preset={}", ""),
        (["preset"], "GET", "presets/{}?source=presets", ""), (["preset"], "GET", "operations?preset={}", ""),
        (["preset"], "GET", "events?preset={}", ""), (["preset"], "GET", "claims?preset={}", ""),
        (["preset"], "POST", "presets/{}/claims", #"{"owner": "claimer"}"#),
        (["preset"], "POST", "suspend", #"{"preset": "{}"}"#), (["preset"], "POST", "resume", #"{"preset": "{}"}"#),
        (["preset", "operation"], "POST", "retry", #"{"name": "{}"}"#),
        (["preset"], "POST", "replace", #"{"preset": "{}"}"#), (["preset"], "POST", "sync", #"{"preset": "{}"}"#),
        (["workspace", "name"], "POST", "replace", #"{"workspace": "{}"}"#),
        (["workspace", "name"], "GET", "workspaces/{}", ""),
        (["workspace", "name"], "POST", "workspaces/{}/release", "{}"),
        (["workspace", "name"], "POST", "workspaces/{}/credentials", "{}"),
        (["workspace", "name"], "POST", "workspaces/{}/renew", "{}"),
        (["workspace", "name"], "POST", "workspaces/{}/hold", #"{"until": "1h", "reason": "r"}"#),
        (["workspace", "name"], "DELETE", "workspaces/{}/hold", ""),
        (["workspace", "name"], "POST", "workspaces/{}/transfer", #"{"to": "eve"}"#),
        (["workspace", "name"], "POST", "workspaces/{}/revoke", #"{"reason": "r"}"#),
        (["operation"], "GET", "operations/{}", ""),
        (["operation", "workspace", "name"], "GET", "operations/{}/logs", ""),
        (["claim"], "GET", "claims/{}", ""), (["claim"], "DELETE", "claims/{}", ""),
    ]

    @Test("An object outside of the scope of a token is answered like one that does not exist")
    func hidden() async throws {
        try await Self.serve { scene in
            func ask(_ request: Request, _ name: String, _ role: String) async throws -> (status: Int, text: String) {
                let answer = try await scene.daemon.call(
                    request.method, "/api/v1/" + request.path.replacing("{}", with: name),
                    body: request.body.isEmpty ? nil : request.body.replacing("\"{}\"", with: "\"\(name)\""),
                    headers: ["Authorization": "Bearer \(scene.tokens[role] ?? "")"])
                let text = answer.text.replacing("\\\"presets/\(name)\\\"", with: "NAME")
                return (answer.status, text.replacing("\\\"\(name)\\\"", with: "NAME"))
            }
            for request in Self.requests {
                for kind in request.kinds {
                    let name = try #require(scene.hidden[kind])
                    // A name of the same form that nothing has.
                    let unknown = kind == "preset" ? "x" : String(name.dropLast(4)) + "0000"
                    for role in scene.tokens.keys.sorted() {
                        let (known, none) = (try await ask(request, name, role), try await ask(request, unknown, role))
                        #expect(known == none, "\(role): \(request.method) \(request.path) of the \(kind)")
                        #expect([404, 403].contains(known.status), "\(role): \(request): \(known)")
                        if known.status == 403 { #expect(known.text.contains("needs the role"), "\(known)") }
                    }
                }
            }
            // Nothing was changed, and the scope itself works.
            let kept = try await scene.daemon.get("/api/v1/workspaces/\(scene.hidden["workspace"] ?? "")").json()
            #expect(kept["owner"]?.string == "bob")
            let own = try await scene.daemon.get(
                "/api/v1/presets/a", headers: ["Authorization": "Bearer \(scene.tokens["viewer"] ?? "")"])
            #expect(own.status == 200)
        }
    }
}
