import Foundation
import Testing

@Suite("Transfers of claims whose provisioner hands workspaces over")
struct TransferTests {
    private static func owner(_ id: String, in sandbox: Sandbox) -> String {
        String(decoding: sandbox.bytes("instances/\(id)/owner") ?? Data(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func recorded(_ id: String, in sandbox: Sandbox) async throws -> String? {
        try await sandbox.prewarm("get", "workspaces", "-o", "json").json().list
            .first { $0["id"]?.string == id }?["owner"]?.string
    }

    private static func claimed(_ manifests: String) async throws -> (Sandbox, String) {
        let sandbox = try await Sandbox.handingOverSandbox(manifests)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let claim = try await sandbox.claim("a", act: "", ["-o", "json"])
        return (sandbox, try #require(try claim.json()["id"]?.string, "\(claim.err)"))
    }

    @Test("A transfer hands the workspace over to the new owner, who asks for the credentials")
    func good() async throws {
        let (sandbox, id) = try await Self.claimed(Sandbox.handover([("a", 1, "")]))
        #expect(Self.owner(id, in: sandbox) == "ada")
        let moved = try await sandbox.prewarm("transfer", id, "--to", "bob", "--secret-file", "token=token")
        #expect(moved.code == 0, "\(moved.err)")
        #expect(!(moved.out + moved.err).contains(Sandbox.credential), "the caller is not the new owner")
        #expect(Self.owner(id, in: sandbox) == "bob")
        #expect(try await Self.recorded(id, in: sandbox) == "bob")
        #expect(sandbox.ledger.count { $0 == "claim \(id)" } == 2)
        let own = try await sandbox.prewarm("credentials", id, "--secret-file", "token=token")
        #expect(own.out.contains(Sandbox.credential + id), "\(own)")
        let events = try await sandbox.prewarm("get", "events").out
        #expect(events.contains("transferred from ada to bob"), "\(events)")
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("A transfer whose parameters are invalid calls no provisioner")
    func invalid() async throws {
        let (sandbox, id) = try await Self.claimed(Sandbox.handover([("a", 1, "")]))
        for (arguments, why) in [
            ([], "the claim parameter \"token\" is missing"),
            (["--secret-file", "token=token", "--param", "act=BAD"], "does not match"),
            (["--secret-file", "token=token", "--param", "tokn=x"], "did you mean"),
        ] {
            let refused = try await sandbox.prewarm(["transfer", id, "--to", "bob"] + arguments)
            #expect(refused.code == 1 && refused.err.contains(why), "\(refused.err)")
        }
        let argument = try await sandbox.prewarm("transfer", id, "--to", "bob", "--param", "token=\(Sandbox.secret)")
        #expect(argument.code == 64 && !argument.err.contains(Sandbox.secret), "\(argument.err)")
        #expect(try await Self.recorded(id, in: sandbox) == "ada")
        #expect(sandbox.ledger.count { $0 == "claim \(id)" } == 1)
    }

    @Test(
        "A transfer whose handover fails loses nothing: the former owner keeps the claim",
        arguments: ["exit", "hang", "huge", "invalid", "lie", "busy"], ["replace", "keep"])
    func failed(act: String, onFailure: String) async throws {
        let (sandbox, id) = try await Self.claimed(
            Sandbox.handover(timeout: "2s", onFailure: onFailure, [("a", 1, "")]))
        let failed = try await sandbox.prewarm(
            "transfer", id, "--to", "bob", "--param", "act=\(act)", "--secret-file", "token=token")
        #expect(failed.code == 1 && failed.err.contains("so it stays with ada"), "\(failed.err)")
        #expect(failed.err.contains("prewarm credentials"), "\(failed.err)")
        #expect(try await Self.recorded(id, in: sandbox) == "ada")
        #expect(Self.owner(id, in: sandbox) == "ada")
        #expect(try await sandbox.prewarm("sync").code == 0)
        #expect(!sandbox.ledger.contains("delete \(id)"))
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
        let again = try await sandbox.prewarm("transfer", id, "--to", "bob", "--secret-file", "token=token")
        #expect(again.code == 0, "\(again.err)")
        #expect(Self.owner(id, in: sandbox) == "bob")
    }

    @Test("A transfer that is killed at any moment leaves the claim with one owner, and the next transfer works")
    func killed() async throws {
        let (sandbox, id) = try await Self.claimed(Sandbox.handover([("a", 1, "")]))
        for (index, delay) in [30, 80, 150, 300, 600, 1000].enumerated() {
            _ = try await sandbox.kill(
                after: .milliseconds(delay), "transfer", id, "--to", "bob\(index)", "--param", "act=slow",
                "--secret-file", "token=token")
            #expect(try await Self.recorded(id, in: sandbox) == "ada", "after \(delay) ms")
            #expect(!sandbox.ledger.contains("delete \(id)"))
        }
        #expect(try await sandbox.prewarm("sync").code == 0)
        let again = try await sandbox.prewarm("transfer", id, "--to", "eve", "--secret-file", "token=token")
        #expect(again.code == 0, "\(again.err)")
        #expect(try await Self.recorded(id, in: sandbox) == "eve")
        #expect(Self.owner(id, in: sandbox) == "eve")
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("Over HTTP the answer of a transfer has no credentials, and only the new owner gets them")
    func remote() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 1, "")]))
        #expect(try await sandbox.prewarm("token", "create", "ops", "--role", "operator").code == 0)
        var tokens: [String: String] = [:]
        for name in ["ada", "bob"] {
            tokens[name] = try await sandbox.prewarm("token", "create", name, "--role", "claimer").out
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let known = tokens
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("a", 1) }
            func post(_ path: String, _ body: String, by name: String) async throws -> RunningDaemon.Answer {
                try await daemon.post(
                    "/api/v1/" + path, body, headers: ["Authorization": "Bearer \(known[name] ?? "")"])
            }
            let secret = #""parameters": {"token": "\#(Sandbox.secret)"}"#
            let id = try #require(try await post("presets/a/claims", "{\(secret)}", by: "ada").json()["id"]?.string)
            let moved = try await post(
                "workspaces/\(id)/transfer", #"{"to": "bob", "kind": "token", \#(secret)}"#, by: "ada")
            #expect(moved.status == 200 && !moved.text.contains(Sandbox.credential), "\(moved.text)")
            #expect(Self.owner(id, in: sandbox) == "bob")
            #expect(try await post("workspaces/\(id)/credentials", "{\(secret)}", by: "ada").status == 403)
            let own = try await post("workspaces/\(id)/credentials", "{\(secret)}", by: "bob")
            #expect(own.status == 200 && own.text.contains(Sandbox.credential + id), "\(own.text)")
            #expect(!daemon.log.contains(Sandbox.credential) && !daemon.log.contains(Sandbox.secret))
        }
    }
}
