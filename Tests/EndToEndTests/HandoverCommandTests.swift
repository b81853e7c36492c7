import Foundation
import Testing

@Suite("Handovers by the command line")
struct HandoverCommandTests {
    @Test("A claim hands the workspace over, and shows its credentials to the owner alone")
    func whole() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 2, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let claimed = try await sandbox.claim("a", act: "", ["-o", "json"])
        #expect(claimed.code == 0, "\(claimed.err)")
        let document = try claimed.json()
        let id = try #require(document["id"]?.string)
        #expect(document["handover"]?.string == "done")
        #expect(document["credentials"]?["password"]?.string == Sandbox.credential + id)
        #expect(String(decoding: sandbox.bytes("instances/\(id)/owner") ?? Data(), as: UTF8.self) == "ada\n")
        for arguments in [
            ["get", "workspaces", "-o", "json"], ["get", "workspaces", "-o", "wide"],
            ["describe", "workspace", id], ["logs", id], ["get", "events", "-o", "json"], ["export"],
            ["get", "operations", "-o", "json"], ["status", "-o", "json"],
        ] {
            let result = try await sandbox.prewarm(arguments)
            #expect(!(result.out + result.err).contains(Sandbox.credential), "\(arguments)")
            #expect(!(result.out + result.err).contains(Sandbox.secret), "\(arguments)")
        }
        let log = try await sandbox.prewarm("logs", document["name"]?.string ?? "")
        #expect(log.out.contains("for ada with *** and ***"), "\(log.out)")
        let again = try await sandbox.prewarm("credentials", id, "--secret-file", "token=token")
        #expect(again.code == 0 && again.out.contains(Sandbox.credential + id), "\(again)")
        #expect(sandbox.ledger.filter { $0 == "claim \(id)" }.count == 2)
        let wide = try await sandbox.prewarm("get", "workspaces", "--owner", "ada", "-o", "wide")
        #expect(wide.out.contains("HANDOVER") && wide.out.contains("done"), "\(wide.out)")
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("The same idempotency key gets the same workspace with its credentials again")
    func key() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 2, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let key = ["--idempotency-key", "k", "-o", "json"]
        let first = try await sandbox.claim("a", act: "", key).json()
        let second = try await sandbox.claim("a", act: "", key).json()
        #expect(first["id"]?.string != nil && first["id"]?.string == second["id"]?.string)
        #expect(second["credentials"]?["password"]?.string == first["credentials"]?["password"]?.string)
        // A failed handover frees the key.
        let failed = try await sandbox.claim("a", act: "exit", ["--idempotency-key", "other"])
        #expect(failed.code == 1)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let retried = try await sandbox.claim("a", act: "", ["--idempotency-key", "other"])
        #expect(retried.code == 0, "\(retried.err)")
    }

    @Test("Invalid claim parameters are one error that lists all of them, and claim nothing")
    func invalid() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 1, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let refused = try await sandbox.prewarm(
            "claim", "a", "--owner", "ada", "--param", "act=BAD", "--param", "tokn=x")
        #expect(
            refused.code == 1
                && refused.err.contains("the claim parameter \"act\" is \"BAD\", which does not match ^[a-z]*$")
                && refused.err.contains("there is no claim parameter \"tokn\"; did you mean \"token\"?")
                && refused.err.contains("the claim parameter \"token\" is missing"), "\(refused.err)")
        #expect(!sandbox.ledger.contains { $0.hasPrefix("claim") })
        for arguments in [
            ["--param", "noname"], ["--param", "=x"], ["--secret-file", "token"],
            ["--param", "a=1", "--param", "a=2"], ["--secret-file", "a=-", "--secret-file", "b=-"],
        ] {
            #expect(try await sandbox.prewarm(["claim", "a", "--owner", "ada"] + arguments).code == 64, "\(arguments)")
        }
        let argument = try await sandbox.prewarm("claim", "a", "--owner", "ada", "--param", "token=\(Sandbox.secret)")
        #expect(
            argument.code == 64 && argument.err.contains("--secret-file token=FILE")
                && !argument.err.contains(Sandbox.secret), "\(argument.err)")
        let missing = try await sandbox.prewarm("claim", "a", "--owner", "ada", "--secret-file", "token=/nowhere/x")
        #expect(missing.code == 1 && missing.err.contains("cannot read /nowhere/x"), "\(missing.err)")
    }

    @Test(
        "A failed handover deletes up to three workspaces, and shows the redacted cause",
        arguments: [
            ("exit", "exit code 1: no such branch", "120s"),
            ("invalid", "standard output does not end with a JSON", "120s"),
            ("lie", "invalid state \"starting\"", "120s"), ("huge", "wrote more than 1 MiB", "120s"),
            ("hang", "timed out after 1s", "1s"), ("busy", "not ready in time: busy with ***", "1s"),
        ])
    func failures(act: String, cause: String, timeout: String) async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover(timeout: timeout, [("a", 4, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let failed = try await sandbox.claim("a", act: act)
        #expect(failed.code == 1 && failed.err.contains(cause), "\(failed.err)")
        #expect(!failed.err.contains(Sandbox.secret) && !failed.err.contains(Sandbox.credential), "\(failed.err)")
        let workspaces = try await sandbox.prewarm("get", "workspaces", "-o", "json").json().list
        #expect(workspaces.filter { $0["handover"]?.string == "failed" }.count == 3)
        #expect(!workspaces.contains { $0["state"]?.string == "claimed" })
        // They are no failed builds.
        let preset = try await sandbox.prewarm("get", "presets", "-o", "json").json()[0]
        let types = Set(preset?["conditions"]?.list.compactMap { $0["type"]?.string } ?? [])
        #expect(
            types.contains("HandoverFailing") && !types.contains("Stalled") && !types.contains("BackingOff"), "\(types)"
        )
        #expect(try await sandbox.prewarm("status").code == 1)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        #expect(try await sandbox.prewarm("get", "presets", "-o", "json").json()[0]?["eligible"]?.int == 4)
        if timeout == "120s" {
            #expect(try await sandbox.claim("a").code == 0)
            #expect(try await sandbox.prewarm("status").code == 0, "a success ends the condition")
            let events = try await sandbox.prewarm("get", "events").out
            #expect(events.contains("HandoverFailing") && events.contains("HandoverRecovered"), "\(events)")
        }
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("After a failed handover, the claim gets the next ready workspace")
    func replaced() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 2, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let claimed = try await sandbox.claim("a", act: "first", ["-o", "json"])
        #expect(claimed.code == 0, "\(claimed.err)")
        #expect(try claimed.json()["handover"]?.string == "done")
        #expect(Set(sandbox.ledger.filter { $0.hasPrefix("claim") }).count == 2)
    }

    @Test("With onFailure: keep, the workspace stays with its owner, who can ask again")
    func kept() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover(onFailure: "keep", [("a", 2, "")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let failed = try await sandbox.claim("a", act: "exit", ["-o", "json"])
        #expect(
            failed.code == 1 && failed.err.contains("the handover failed: exit code 1: no such branch"), "\(failed)")
        let document = try failed.json()
        let id = try #require(document["id"]?.string)
        #expect(document["state"]?.string == "claimed" && document["handover"]?.string == "failed")
        let again = try await sandbox.prewarm(
            "credentials", id, "--param", "act=", "--secret-file", "token=token", "-o", "json")
        #expect(try again.json()["handover"]?.string == "done", "\(again)")
        #expect(sandbox.leaks().isEmpty, "\(sandbox.leaks())")
    }

    @Test("A claim on an empty pool creates the workspace, then hands it over")
    func cold() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("a", 0, "  onEmpty: create")]))
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let claimed = try await sandbox.claim("a", act: "", ["-o", "json"])
        #expect(claimed.code == 0, "\(claimed.err)")
        let document = try claimed.json()
        let id = try #require(document["id"]?.string)
        #expect(document["handover"]?.string == "done" && document["readyAt"] != nil)
        #expect(document["credentials"]?["password"]?.string == Sandbox.credential + id)
        #expect(sandbox.ledger == ["create \(id)", "claim \(id)"])
    }

    @Test("A template with claim parameters needs a provisioner that hands over")
    func validate() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(
            Sandbox.handover([("a", 1, "")]), configuration: Sandbox.configuration)
        let findings = try await sandbox.prewarm("validate")
        #expect(
            findings.code == 1 && (findings.out + findings.err).contains("does not offer the operation claim"),
            "\(findings.out)\(findings.err)")
    }
}
