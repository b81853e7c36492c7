import Foundation
import Testing

@Suite("Claims by labels and parameters, and of deprecated presets")
struct SelectionCommandTests {
    private static func preset(_ name: String, _ instances: Int, _ labels: String, _ more: String = "") -> String {
        Sandbox.preset(name, instances: instances, more).replacing(
            "{name: \(name)}", with: "{name: \(name), labels: {\(labels)}}")
    }

    private static func sandbox(instances: Int = 2) async throws -> Sandbox {
        let sandbox = try await Sandbox()
        try await sandbox.commit([
            "eu.yaml": preset("go-eu", 0, "lang: go", "  parameters: {region: eu}"),
            "us.yaml": preset("go-us", instances, "lang: go", "  parameters: {region: us}"),
            "zz.yaml": preset("go-zz", 1, "lang: go", "  parameters: {region: zz}"),
            "rust.yaml": preset("rust", 1, "lang: rust"),
            "old.yaml": preset(
                "go-old", 1, "lang: go", "  deprecated: {message: too slow, replacement: go-us, redirect: true}"),
        ])
        return sandbox
    }

    @Test("A claim chooses a preset and says why, and a repeated claim gets the same workspace")
    func chooses() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let arguments = [
            "claim", "--select", "lang=go", "--prefer", "region=eu", "--prefer", "region=us", "--owner", "ada",
        ]
        let claim = try await sandbox.prewarm(arguments + ["-o", "json", "--idempotency-key", "k"])
        let document = try claim.json()
        #expect(claim.code == 0 && document["preset"]?.string == "go-us", "\(claim)")
        let why = "it has the preferred region=us, and 2 of its 2 workspaces are ready (3 presets match)"
        #expect(claim.err.contains("Chose go-us: \(why)."), "\(claim.err)")
        #expect(document["selection"]?["why"]?.string == why && document["selection"]?["prefer"]?.string == "region=us")
        let again = try await sandbox.prewarm(
            ["claim", "--select", "lang=go", "--owner", "ada", "-o", "json", "--idempotency-key", "k"])
        #expect(try again.json()["id"]?.string == document["id"]?.string, "\(again)")
        let other = try await sandbox.prewarm(
            ["claim", "--select", "lang=rust", "--owner", "ada", "--idempotency-key", "k"])
        #expect(other.code == 1 && other.err.contains("it was already used"), "\(other.err)")
        let none = try await sandbox.prewarm(["claim", "--select", "lang=go,region=eu", "--owner", "ada"])
        #expect(
            none.code == 3 && none.err.contains("no workspace of the matching preset go-eu is ready"), "\(none.err)")
        let unknown = try await sandbox.prewarm(["claim", "--select", "lang=java", "--owner", "ada"])
        #expect(unknown.code == 1 && unknown.err.contains("hint: use one of lang=go, lang=rust"), "\(unknown.err)")
        let claims = try await sandbox.prewarm("get", "claims", "-o", "json").json().list
        #expect(claims.contains { $0["asked"]?.string == "lang=go" && $0["result"]?.string == "hit" }, "\(claims)")
    }

    @Test(
        "Wrong options of a selection are refused",
        arguments: [
            (["go-us", "--select", "lang=go"], "give either a preset or --select, not both"),
            ([], "missing preset: give its name, or --select"),
            (["go-us", "--prefer", "lang=go"], "invalid --prefer: it needs --select"),
            (["--select", "lang"], "expected KEY=VALUE, found \"lang\""),
        ])
    func usage(arguments: [String], message: String) async throws {
        let sandbox = try await Sandbox()
        let result = try await sandbox.prewarm(["claim", "--owner", "ada"] + arguments)
        #expect(result.code == 64 && result.err.contains(message), "\(result.err)")
    }

    @Test("`with` uses a workspace of a selected preset, and releases it")
    func with() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let run = try await sandbox.prewarm(
            "with", "--select", "lang=rust", "--owner", "ci", "--", "sh", "-c", "echo $PREWARM_WORKSPACE_NAME")
        #expect(run.code == 0 && run.out.hasPrefix("rust-"), "\(run)")
        #expect(
            run.err.contains("Chose rust: its only workspace is ready (it is the only preset that matches)."),
            "\(run)")
        #expect(run.err.contains("released rust-"), "\(run.err)")
    }

    @Test("A claim of a deprecated preset gets a workspace of its replacement, and says so")
    func redirect() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("validate", "repo/presets").code == 0)
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        let arguments = ["claim", "go-old", "--owner", "ada", "-o", "json", "--idempotency-key", "k"]
        let claim = try await sandbox.prewarm(arguments)
        #expect(claim.code == 0, "\(claim)")
        let document = try claim.json()
        #expect(document["preset"]?.string == "go-us" && document["redirectedFrom"]?.string == "go-old", "\(claim.out)")
        #expect(
            claim.err.contains("go-old is deprecated: this workspace is from its replacement go-us."), "\(claim.err)")
        let again = try await sandbox.prewarm(arguments)
        #expect(again.out == claim.out, "\(again)")
        let described = try await sandbox.prewarm("describe", "preset", "go-old")
        #expect(described.out.contains("too slow. Claims get workspaces of go-us"), "\(described.out)")
        #expect(described.out.contains("Claims get workspaces of go-us; 0 starting"), "\(described.out)")
        let wide = try await sandbox.prewarm("get", "presets", "-o", "wide")
        #expect(wide.out.contains("Claims get workspaces of go-us"), "\(wide.out)")
    }

    @Test("A loop of redirects is an error of validate, and the applied presets stay")
    func loop() async throws {
        let sandbox = try await Self.sandbox()
        #expect(try await sandbox.prewarm("sync", "--wait").code == 0)
        try await sandbox.commit([
            "us.yaml": Self.preset("go-us", 2, "lang: go", "  deprecated: {replacement: go-old, redirect: true}")
        ])
        let validated = try await sandbox.prewarm("validate", "repo/presets")
        #expect(validated.code == 1 && validated.err.contains("go-us → go-old → go-us"), "\(validated)")
        try await sandbox.prewarm("sync")
        #expect(try await sandbox.prewarm("claim", "go-old", "--owner", "ada").code == 0)
    }

    @Test("A token chooses only among the presets of its scope, and redirects do not lead out of it")
    func scope() async throws {
        let sandbox = try await Self.sandbox()
        // The first token has to be one of an operator.
        #expect(try await sandbox.prewarm("token", "create", "admin", "--role", "operator").code == 0)
        var tokens: [String: String] = [:]
        for (name, preset) in [("zz", "go-zz"), ("old", "go-old")] {
            let made = try await sandbox.prewarm("token", "create", name, "--role", "claimer", "--preset", preset)
            tokens[name] = made.out.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let known = tokens
        try await sandbox.serve { daemon in
            for (preset, count) in [("go-us", 2), ("go-zz", 1)] {
                try await daemon.eventually("\(preset) is ready") { try await daemon.isReady(preset, count) }
            }
            func post(_ path: String, _ body: String, by name: String) async throws -> RunningDaemon.Answer {
                try await daemon.post(path, body, headers: ["Authorization": "Bearer \(known[name] ?? "")"])
            }
            let own = try await post("/api/v1/claims", #"{"select": {"lang": "go"}}"#, by: "zz")
            #expect(try own.status == 201 && own.json()["preset"]?.string == "go-zz", "\(own.text)")
            #expect(try own.json()["selection"]?["matching"]?.int == 1)
            let hidden = try await post("/api/v1/claims", #"{"select": {"lang": "rust"}}"#, by: "zz")
            #expect(hidden.status == 404 && !hidden.text.contains("lang=rust,"), "\(hidden.text)")
            let redirected = try await post("/api/v1/presets/go-old/claims", "{}", by: "old")
            #expect(redirected.status == 403, "\(redirected.text)")
            #expect(redirected.text.contains("claims of go-old get workspaces of go-us, but"), "\(redirected.text)")
            for body in [#"{"select": {}}"#, #"{"select": {"a": []}}"#, #"{"select": "lang=go"}"#, "{}"] {
                #expect(try await post("/api/v1/claims", body, by: "zz").status == 400, "\(body)")
            }
        }
    }

    @Test("A claim waits for any of the matching presets, and gets the first workspace that becomes ready")
    func queue() async throws {
        let sandbox = try await Self.sandbox(instances: 0)
        try await sandbox.commit(["zz.yaml": Self.preset("go-zz", 0, "lang: go", "  parameters: {region: zz}")])
        try await sandbox.commit([
            "us.yaml": Self.preset("go-us", 1, "lang: go", "  parameters: {region: us}")
        ])
        try await sandbox.serve { daemon in
            try await daemon.eventually("ready") { try await daemon.isReady("go-us", 1) }
            try await daemon.prewarm("suspend", "go-us")
            #expect(try await daemon.prewarm("claim", "go-us", "--owner", "first").code == 0)
            async let waiting = daemon.prewarm(
                "claim", "--select", "lang=go", "--owner", "ada", "--wait", "5m", "-o", "json")
            try await daemon.eventually("the claim waits") {
                try await daemon.get("/metrics").text.contains("prewarm_claims_waiting{")
            }
            try await daemon.prewarm("resume", "go-us")
            let claim = try await waiting
            #expect(claim.code == 0, "\(claim)\(daemon.log)")
            #expect(try claim.json()["preset"]?.string == "go-us", "\(claim.out)")
            let record = try await daemon.get("/api/v1/claims?owner=ada").json()[0]
            #expect(record?["result"]?.string == "waited" && record?["asked"]?.string == "lang=go")
        }
    }
}
