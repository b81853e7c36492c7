import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import Testing

@Suite("Access to the daemon", .serialized)
struct RequestHandlerTests {
    private static func signature(_ body: String, _ secret: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(body.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return "sha256=" + code.map { String(format: "%02x", $0) }.joined()
    }

    @Test("A signed push fills the pool at once, and an unsigned push does nothing")
    func webhook() async throws {
        let sandbox = try await Sandbox(
            configuration: .slow
                + "server: {webhooks: [{name: forge, kind: generic, secrets: [old-secret-old-secret, new-secret-new-secret]}]}\n"
        )
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("one is ready") { try await daemon.isReady("a", 1) }
            try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 2)])
            let body = #"{"anything": 1}"#
            let forged = try await daemon.post(
                "/webhooks/forge", body, headers: ["X-Signature": Self.signature(body, "guess")])
            let unsigned = try await daemon.post("/webhooks/forge", body)
            #expect(forged.status == 401 && unsigned.status == 401 && forged.text == unsigned.text)
            #expect(try await daemon.post("/webhooks/other", body).status == 404)
            #expect(try await daemon.get("/webhooks/forge").status == 405)
            try await Task.sleep(for: .milliseconds(300))
            #expect(try await daemon.isReady("a", 1))
            let start = ContinuousClock.now
            let signed = try await daemon.post(
                "/webhooks/forge", body, headers: ["X-Signature": Self.signature(body, "new-secret-new-secret")])
            #expect(signed.status == 202)
            try await daemon.eventually("the pool is full") { try await daemon.isReady("a", 2) }
            #expect(ContinuousClock.now - start < .seconds(60))
            let deliveries = try await daemon.prewarm("get", "deliveries", "-o", "json").json().list
            #expect(deliveries.count >= 3 && deliveries.first?["outcome"]?.string == "accepted")
            let table = try await daemon.prewarm("get", "deliveries")
            #expect(table.out.contains("unauthorized"), "\(table.out)")
        }
    }

    @Test("A request needs a token and may do what the role of the token allows")
    func roles() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2), "b.yaml": Sandbox.preset("b", instances: 1),
        ])
        func token(_ name: String, _ role: String, _ more: String...) async throws -> String {
            let made = try await sandbox.prewarm(["token", "create", name, "--role", role, "-o", "json"] + more)
            #expect(made.code == 0, "\(made.err)")
            return try #require(try made.json()["token"]?.string)
        }
        let ops = try await token("ops", "operator")
        let viewer = try await token("screen", "viewer")
        let ada = try await token("ada", "claimer", "--preset", "a")
        try await sandbox.serve { daemon in
            func status(_ token: String?, _ method: String, _ path: String, _ body: String? = nil) async throws -> Int {
                let headers = ["Authorization": token.map { "Bearer \($0)" } ?? ""]
                return try await daemon.call(method, path, body: body, headers: headers).status
            }
            try await daemon.eventually("they are ready") {
                let answer = try await daemon.get("/api/v1/status", headers: ["Authorization": "Bearer \(ops)"])
                let presets = try answer.json()["presets"]?.list ?? []
                return presets.count == 2 && presets.allSatisfy { $0["converged"]?.value as? Bool == true }
            }
            #expect(try await status(nil, "GET", "/api/v1/presets") == 401)
            #expect(try await status("pwt_nonsense", "GET", "/api/v1/presets") == 401)
            #expect(try await status(nil, "GET", "/metrics") == 401)
            #expect(try await status(nil, "GET", "/healthz") == 200)
            #expect(try await status(viewer, "GET", "/api/v1/presets") == 200)
            #expect(try await status(viewer, "POST", "/api/v1/presets/a/claims", #"{"owner": "screen"}"#) == 403)
            #expect(try await status(viewer, "POST", "/api/v1/suspend", #"{"all": true}"#) == 403)
            #expect(try await status(viewer, "GET", "/api/v1/audit") == 403)
            #expect(try await status(ada, "POST", "/api/v1/presets/a/claims", #"{"owner": "bob"}"#) == 403)
            #expect(try await status(ada, "POST", "/api/v1/presets/b/claims", #"{"owner": "ada"}"#) == 404)
            #expect(try await status(ada, "POST", "/api/v1/presets/a/claims", #"{"owner": "ada"}"#) == 201)
            #expect(try await status(ops, "POST", "/api/v1/presets/a/claims", #"{"owner": "bob"}"#) == 201)
            let seen = try await daemon.get("/api/v1/workspaces", headers: ["Authorization": "Bearer \(ada)"]).json()
                .list
            #expect(seen.map { $0["owner"]?.string } == ["ada"])
            let masked = try await daemon.get(
                "/api/v1/workspaces?state=claimed", headers: ["Authorization": "Bearer \(viewer)"]
            ).json().list
            #expect(masked.count == 2 && masked.allSatisfy { $0["endpoint"] == nil })
            let theirs = try #require(masked.first { $0["owner"]?.string == "bob" }?["id"]?.string)
            #expect(try await status(ada, "POST", "/api/v1/workspaces/\(theirs)/release", "{}") == 403)
            #expect(try await status(ops, "POST", "/api/v1/workspaces/\(theirs)/release", "{}") == 202)
            let command = try await daemon.prewarm("get", "presets", "-o", "name", environment: ["PREWARM_TOKEN": ada])
            #expect(command.out == "a\n", "\(command.err)")
            #expect(try await daemon.prewarm("get", "presets", environment: ["PREWARM_TOKEN": ""]).code == 77)
            #expect(try await sandbox.prewarm("token", "revoke", "ada").code == 0)
            #expect(try await status(ada, "GET", "/api/v1/presets") == 401)
            #expect(!daemon.log.contains(ops))
        }
    }

    @Test("Waiting streams, claims and syncs end when their token is revoked")
    func revocation() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1, "  suspended: true")])
        try await sandbox.serve { daemon in
            try await daemon.eventually("it is known") {
                try await daemon.get("/api/v1/presets").json().list.count == 1
            }
            #expect(try await daemon.prewarm("token", "create", "ops", "--role", "operator").code == 0)
            let made = try await daemon.prewarm("token", "create", "ada", "--role", "claimer", "-o", "json")
            let token = try #require(try made.json()["token"]?.string)
            let header = ["Authorization": "Bearer \(token)"]
            var request = HTTPClientRequest(url: daemon.url + "/api/v1/events")
            request.headers.add(name: "Accept", value: "text/event-stream")
            request.headers.add(name: "Authorization", value: "Bearer \(token)")
            let stream = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
            #expect(stream.status == .ok)
            async let text = stream.body.collect(upTo: 1 << 20)
            async let claim = daemon.post(
                "/api/v1/presets/a/claims", #"{"owner": "ada", "wait": "5m"}"#, headers: header)
            async let sync = daemon.post(
                "/api/v1/sync", #"{"wait": true, "revision": "0123456789abcdef", "timeout": "10m"}"#, headers: header)
            try await Task.sleep(for: .seconds(1))
            #expect(try await daemon.prewarm("token", "revoke", "ada").code == 0)
            // The stream does not report later events.
            try await Task.sleep(for: .seconds(2))
            try await sandbox.commit(["b.yaml": Sandbox.preset("later", instances: 0)])
            #expect(try await daemon.prewarm("sync", "--wait").code == 0)
            let (claimed, synced, told) = (try await claim, try await sync, String(buffer: try await text))
            #expect(claimed.status == 401 && synced.status == 401)
            #expect(told.hasPrefix(": from ") && !told.contains("later"), "\(told)")
        }
    }

    @Test("A daemon without tokens refuses to listen beyond loopback")
    func listening() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let refused = try await sandbox.prewarm("serve", "--listen", "0.0.0.0:0")
        #expect(refused.code == 1)
        #expect(refused.err.contains("cannot listen at 0.0.0.0:0: other machines can reach it"), "\(refused.err)")
        #expect(refused.err.contains("hint: create a token first"))
        let nonsense = try await sandbox.prewarm("serve", "--listen", "everywhere")
        #expect(nonsense.code == 1 && nonsense.err.contains("invalid listen address \"everywhere\""))
    }

    @Test("The daemon serves https with certificates from files")
    func tls() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        let made = try await Subprocess.run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", sandbox.root.appending(path: "key.pem").path,
                "-out", sandbox.root.appending(path: "cert.pem").path,
            ], output: .discarded, error: .discarded)
        #expect(made.terminationStatus.isSuccess)
        let file = String(decoding: try #require(sandbox.bytes("prewarm.yaml")), as: UTF8.self)
        try sandbox.write("prewarm.yaml", file + "server: {tls: {certificate: cert.pem, key: key.pem}}\n")
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try await sandbox.serve { daemon in
            #expect(daemon.url.hasPrefix("https://"))
            let trusted = try await daemon.prewarm(
                "sync", "--wait", environment: ["PREWARM_CA_FILE": sandbox.root.appending(path: "cert.pem").path])
            #expect(trusted.code == 0, "\(trusted.err)")
            let untrusted = try await daemon.prewarm("status")
            #expect(untrusted.code == 1 && untrusted.err.contains("cannot reach"))
        }
        try sandbox.write("key.pem", "nothing")
        let broken = try await sandbox.prewarm("serve", "--listen", "127.0.0.1:0")
        #expect(broken.code == 1 && broken.err.contains("invalid TLS key"), "\(broken.err)")
        #expect(broken.err.contains("a key with a passphrase cannot be used"), "\(broken.err)")
    }
}
