import Foundation
import Subprocess
import Testing

@Suite("Access tokens")
struct TokenCommandTests {
    @Test("A token is shown once, listed without its secret, and revoked")
    func life() async throws {
        let sandbox = try await Sandbox()
        #expect(try await sandbox.prewarm("token", "create", "ops", "--role", "operator").code == 0)
        let made = try await sandbox.prewarm(
            "token", "create", "ci", "--role", "claimer", "--preset", "go-*", "--expires", "90d")
        #expect(
            made.code == 0 && made.out.wholeMatch(of: /pwt_[0-9a-z]{12}_[0-9a-z]{52}\n/) != nil,
            "\(made.out)\(made.err)")
        let secret = String(made.out.dropLast().suffix(52))
        #expect(!made.err.contains(secret))
        let (table, json) = (
            try await sandbox.prewarm("token", "list", "-o", "wide"),
            try await sandbox.prewarm("token", "list", "-o", "json")
        )
        #expect(table.out.contains("in 90d") && made.err.contains("expires in 90d ("), "\(table.out)\(made.err)")
        #expect(table.out.contains("ci") && table.out.contains("claimer") && table.out.contains("go-*"), "\(table.out)")
        #expect(!(table.out + json.out).contains(secret))
        let listed = try json.json()[0]
        #expect(listed?["role"]?.string == "claimer" && listed?["expiresAt"]?.string != nil)
        #expect(listed?["lastUsedAt"] == nil && made.out.contains(listed?["id"]?.string ?? "?"))
        for name in ["prewarm.db", "prewarm.db-wal"] {
            if let bytes = sandbox.bytes(name) { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)") }
        }
        #expect(try await sandbox.prewarm("token", "revoke", "ci").code == 0)
        #expect(try await sandbox.prewarm("token", "list", "-o", "name").out == "ops\n")
    }

    @Test(
        "A first token that cannot administer is refused with the reason",
        arguments: [
            (["--role", "viewer"], "its role is viewer"), (["--role", "claimer"], "its role is claimer"),
            (["--role", "operator", "--preset", "go-*"], "it is limited to some presets"),
        ])
    func first(options: [String], reason: String) async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let refused = try await sandbox.prewarm(["token", "create", "ci"] + options)
        #expect(refused.code == 1 && refused.out.isEmpty, "\(refused)")
        #expect(
            refused.err.contains("the first token has to be an operator's, and \(reason)")
                && refused.err.contains("`prewarm token create ops --role operator`"), "\(refused.err)")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 0)])
        try await sandbox.serve { daemon in
            // The local token administers only from this machine.
            let create = ["token", "create", "ci"] + options
            let again = try await sandbox.prewarm(create, environment: daemon.environment)
            #expect(again.code == 1 && again.err.contains(reason), "\(again)")
            #expect(try await daemon.prewarm("token", "create", "ops", "--role", "operator").code == 0)
            #expect(try await sandbox.prewarm(create, environment: daemon.environment).code == 0)
        }
    }

    @Test("Only operators create, list and revoke tokens through a daemon")
    func remote() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            func token(_ name: String, _ arguments: String..., by: String? = nil) async throws -> String {
                let made = try await sandbox.prewarm(
                    ["token", "create", name] + arguments,
                    environment: daemon.environment.merging(["PREWARM_TOKEN": by ?? daemon.localToken]) { $1 })
                #expect(made.code == 0, "\(made.err)")
                return String(made.out.dropLast())
            }
            let ops = try await token("ops", "--role", "operator")
            let some = try await token("some", "--role", "operator", "--preset", "go-*", by: ops)
            let ci = try await token("ci", "--role", "viewer", "--expires", "1h", by: ops)
            for (bearer, code) in [(some, 403), (ci, 403), (ops, 200)] {
                let answer = try await daemon.get("/api/v1/tokens", headers: ["Authorization": "Bearer \(bearer)"])
                #expect(answer.status == code)
                #expect(!answer.text.contains(ops.suffix(52)))
            }
            let refused = try await daemon.prewarm(
                "token", "create", "mine", "--role", "operator", environment: ["PREWARM_TOKEN": some])
            #expect(refused.code == 77 && refused.err.contains("this needs the scope of all presets"), "\(refused.err)")
            let twice = try await daemon.prewarm(
                "token", "create", "ci", "--role", "viewer", environment: ["PREWARM_TOKEN": ops])
            #expect(
                twice.code == 1 && twice.err.contains("cannot create the token ci: a token of this name exists"),
                "\(twice.err)")
            let table = try await daemon.prewarm("token", "list", environment: ["PREWARM_TOKEN": ops])
            #expect(table.out.contains("some") && table.out.contains("go-*") && !table.out.contains(ops.suffix(52)))
            // A leaked token itself is enough to revoke it.
            let revoked = try await daemon.prewarm("token", "revoke", ci, environment: ["PREWARM_TOKEN": ops])
            #expect(revoked.code == 0 && revoked.err.contains("revoked ci"), "\(revoked.err)")
            #expect(try await daemon.get("/api/v1/presets", headers: ["Authorization": "Bearer \(ci)"]).status == 401)
            let audit = try await daemon.get("/api/v1/audit", headers: ["Authorization": "Bearer \(ops)"]).json().list
            #expect(audit.map { $0["action"]?.string } == ["revoke", "denied", "create", "create", "create"])
            #expect(audit[0]["who"]?.string == "token ops" && audit[0]["from"]?.string == "127.0.0.1")
            #expect(audit[1]["who"]?.string == "token some" && audit[1]["name"]?.string == "POST /api/v1/tokens")
            #expect(audit[4]["who"]?.string?.hasPrefix("local ") == true)
            #expect(!daemon.log.contains(ci.suffix(52)) && !daemon.log.contains(daemon.localToken.suffix(52)))
        }
    }

    @Test("A token is created as JSON with all requested properties")
    func json() async throws {
        let sandbox = try await Sandbox()
        let made = try await sandbox.prewarm(
            "token", "create", "portal@example.org", "--role", "operator", "-o", "json", "--by", "ada")
        let token = try made.json()
        #expect(token["token"]?.string?.hasPrefix("pwt_\(token["id"]?.string ?? "?")_") == true)
        #expect(
            token["createdBy"]?.string == "ada" && token["presets"]?.list.isEmpty == true && token["expiresAt"] == nil)
    }

    @Test("Invalid tokens are refused with a hint")
    func refusals() async throws {
        let sandbox = try await Sandbox()
        #expect(try await sandbox.prewarm("token", "create", "ci").code == 64)
        #expect(try await sandbox.prewarm("token", "create", "ci", "--role", "admin").code == 64)
        for (arguments, words) in [
            (["create", "a b", "--role", "viewer"], "invalid token name \"a b\""),
            (["create", "a", "--role", "viewer", "--preset", "A"], "invalid preset pattern \"A\""),
            (["create", "a", "--role", "viewer", "--expires", "2020-01-01T00:00:00Z"], "has passed"),
            (["create", "ci", "--role", "operator"], "cannot create the token ci: a token of this name exists"),
            (["revoke", "cj"], "did you mean \"ci\"?"),
        ] {
            if arguments[1] == "ci" { try await sandbox.prewarm("token", "create", "ci", "--role", "operator") }
            let result = try await sandbox.prewarm(["token"] + arguments)
            #expect(result.code == 1 && result.err.contains(words) && result.out.isEmpty, "\(result.err)")
        }
    }
}
