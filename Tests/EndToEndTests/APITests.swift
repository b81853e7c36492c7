import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Subprocess
import Testing

@Suite("The API", .serialized)
struct APITests {
    private func withDaemon(
        instances: Int = 3, configuration: String = .slow,
        _ body: @escaping @Sendable (RunningDaemon) async throws -> Void
    ) async throws {
        let sandbox = try await Sandbox(configuration: configuration)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: instances)])
        try await sandbox.serve { daemon in
            try await daemon.eventually("they are ready") { try await daemon.isReady("a", instances) }
            try await body(daemon)
        }
    }

    @Test("Commands print the same with a daemon and with the store")
    func sameAsLocal() async throws {
        try await withDaemon { daemon in
            let workspace = try #require(
                try await daemon.get("/api/v1/workspaces").json()[0]?["name"]?.string)
            for arguments in [
                ["get", "presets", "-o", "json"], ["get", "presets", "-o", "wide"],
                ["get", "workspaces", "-o", "yaml"],
                ["get", "workspaces", workspace, "-o", "json"], ["get", "operations", "-o", "name"],
                ["get", "events", "-o", "json"], ["get", "revisions", "-o", "json"], ["get", "templates"],
                ["describe", "preset", "a"], ["describe", "workspace", workspace], ["logs", workspace],
                ["plan"], ["plan", "-o", "markdown"], ["claim", "nothing", "--owner", "ada"],
                ["describe", "operation", "none"], ["release", workspace],
            ] {
                let remote = try await daemon.sandbox.prewarm(arguments, environment: daemon.environment)
                let local = try await daemon.sandbox.prewarm(arguments)
                let isJSON = arguments.last == "json" && arguments[0] == "get"
                if isJSON {
                    #expect(try remote.json().value as? NSObject == local.json().value as? NSObject, "\(arguments)")
                } else {
                    #expect(Self.timeless(remote.out) == Self.timeless(local.out), "\(arguments)")
                }
                #expect(Self.timeless(remote.err) == Self.timeless(local.err), "\(arguments)")
                #expect(remote.code == local.code, "\(arguments)")
            }
        }
    }

    /// Returns the text without ages, which differ from call to call.
    private static func timeless(_ text: String) -> [String] {
        text.replacing(/\d+s\b/, with: "0s").replacing(/T[\d:.]+Z/, with: "").split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
    }

    @Test("Claims with one idempotency key get one workspace, and a claim on an empty pool fails")
    func claims() async throws {
        try await withDaemon(instances: 1) { daemon in
            let headers = ["Idempotency-Key": "k-1"]
            let first = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#, headers: headers)
            let again = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#, headers: headers)
            #expect(first.status == 201 && again.status == 201)
            #expect(try first.json()["id"]?.string == again.json()["id"]?.string)
            let metrics = try await daemon.get("/metrics").text.split(separator: "\n")
            let hits = metrics.filter { $0.hasPrefix("prewarm_claims_total") && $0.contains("result=\"hit\"") }
            #expect(hits.count == 1 && hits.allSatisfy { $0.hasSuffix(" 1") }, "a claim that is repeated is no second")
            let other = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob"}"#, headers: headers)
            #expect(other.status == 422)
            _ = try await daemon.post("/api/v1/suspend", #"{"preset": "a"}"#)
            try await daemon.eventually("nothing is under way") {
                try await daemon.get("/api/v1/operations?state=running").json().list.isEmpty
            }
            var status = 201
            for _ in 0..<3 where status == 201 {
                status = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob"}"#).status
            }
            #expect(status == 409)
            let waits = Task { try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "bob", "wait": "20s"}"#) }
            _ = try await daemon.post("/api/v1/resume", #"{"preset": "a"}"#)
            #expect(try await waits.value.status == 201)
            let id = try #require(try first.json()["id"]?.string)
            #expect(try await daemon.post("/api/v1/workspaces/\(id)/release").status == 202)
            try await daemon.eventually("it is deleted") { !daemon.sandbox.instances.contains(id) }
            let audit = try await daemon.prewarm("get", "audit", "-o", "json").json().list
            #expect(audit.contains { $0["action"]?.string == "release" && $0["from"]?.string == "127.0.0.1" })
        }
    }

    @Test("A sync of an unknown preset is refused, and never reported as converged")
    func unknownPreset() async throws {
        try await withDaemon(instances: 1) { daemon in
            for body in [
                #"{"preset": "b"}"#, #"{"preset": "b", "wait": true}"#, #"{"preset": "other/a", "wait": true}"#,
            ] {
                let refused = try await daemon.post("/api/v1/sync", body)
                #expect(refused.status == 404 && refused.text.contains("UnknownPreset"), "\(refused.text)")
            }
            let known = try await daemon.post("/api/v1/sync", #"{"preset": "presets/a", "wait": true}"#)
            #expect(try known.json()["state"]?.string == "converged", "\(known.text)")
            // A revision may add the preset, so this sync begins.
            let head = try await daemon.sandbox.head()
            let late = try await daemon.post(
                "/api/v1/sync", #"{"preset": "b", "wait": true, "revision": "\#(head)"}"#)
            #expect(try late.json()["state"]?.string == "failed", "\(late.text)")
            #expect(late.text.contains(#"there is no preset \"b\" in presets"#), "\(late.text)")
        }
    }

    @Test("The audit log names what was retried and suspended")
    func audit() async throws {
        try await withDaemon(instances: 1) { daemon in
            for (path, body) in [
                ("suspend", #"{"all": true}"#), ("resume", #"{"all": true}"#), ("suspend", #"{"source": "presets"}"#),
                ("retry", #"{"all": true}"#), ("retry", #"{"name": "a"}"#),
            ] {
                #expect(try await daemon.post("/api/v1/\(path)", body).status == 200)
            }
            try daemon.sandbox.write(
                "provision", "#!/bin/sh\necho \"$1 $PREWARM_WORKSPACE_ID\" >> ledger\nexit 3\n", isExecutable: true)
            _ = try await daemon.post("/api/v1/resume", #"{"source": "presets"}"#)
            let claim = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            let id = try #require(try claim.json()["id"]?.string)
            #expect(try await daemon.post("/api/v1/workspaces/\(id)/release").status == 202)
            var operation = ""
            try await daemon.eventually("the delete has failed") {
                let pending = try await daemon.get("/api/v1/operations?state=pending").json().list
                operation = pending.first { $0["error"] != nil && $0["type"]?.string == "delete" }?["id"]?.string ?? ""
                return !operation.isEmpty
            }
            #expect(try await daemon.post("/api/v1/retry", #"{"name": "\#(operation)"}"#).status == 200)
            let audit = try await daemon.prewarm("get", "audit", "-o", "json").json().list
            let entries = audit.map { entry in
                ["action", "object", "name"].compactMap { entry[$0]?.string }.joined(separator: " ")
            }
            for expected in [
                "suspend all sources", "resume all sources", "suspend source presets", "retry all presets",
                "retry preset presets/a", "retry operation \(operation)",
            ] {
                #expect(entries.contains(expected), "\(entries)")
            }
        }
    }

    @Test("Long lists have pages, and an unchanged document is not sent again")
    func pages() async throws {
        try await withDaemon(instances: 5) { daemon in
            var path: String? = "/api/v1/workspaces?limit=2"
            var ids: [String] = []
            while let current = path {
                let answer = try await daemon.get(current)
                ids += try answer.json().list.compactMap { $0["id"]?.string }
                path = answer.headers.first(name: "Link").flatMap { link in
                    #expect(link.hasSuffix("rel=\"next\""))
                    return link.firstIndex(of: ">").map { String(link[link.index(after: link.startIndex)..<$0]) }
                }
            }
            #expect(ids.count == 5 && ids == ids.sorted() && Set(ids) == daemon.sandbox.instances)
            let presets = try await daemon.get("/api/v1/presets")
            let tag = try #require(presets.headers.first(name: "ETag"))
            let unchanged = try await daemon.get("/api/v1/presets", headers: ["If-None-Match": tag])
            #expect(unchanged.status == 304 && unchanged.text.isEmpty)
            _ = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
            #expect(try await daemon.get("/api/v1/presets", headers: ["If-None-Match": tag]).status == 200)
        }
    }

    @Test("The event stream continues after the last event that the reader received")
    func stream() async throws {
        try await withDaemon(instances: 1) { daemon in
            var request = HTTPClientRequest(url: daemon.url + "/api/v1/events")
            request.headers.add(name: "Accept", value: "text/event-stream")
            request.headers.add(name: "Last-Event-ID", value: "0")
            request.headers.add(name: "Authorization", value: "Bearer \(daemon.localToken)")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            #expect(response.headers.first(name: "Content-Type") == "text/event-stream")
            var text = ""
            var hasClaimed = false
            for try await part in response.body {
                text += String(buffer: part)
                if text.contains("event: Ready\n"), !hasClaimed {
                    hasClaimed = true
                    _ = try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#)
                }
                if text.contains("event: Claimed\n"), text.hasSuffix("\n\n") { break }
            }
            let ids = text.split(separator: "\n").filter { $0.hasPrefix("id: ") }.compactMap { Int($0.dropFirst(4)) }
            #expect(ids == ids.sorted() && Set(ids).count == ids.count && ids.count > 2)
        }
    }

    private static let nonsense: [(method: String, path: String, body: String?, status: Int, code: String)] = [
        ("GET", "/nothing", nil, 404, "NotFound"), ("GET", "/api/v1/nothing", nil, 404, "NotFound"),
        ("GET", "/api/v1/presets/b", nil, 404, "UnknownPreset"),
        ("DELETE", "/api/v1/presets", nil, 405, "MethodNotAllowed"),
        ("PATCH", "/api/v1/presets", nil, 405, "MethodNotAllowed"),
        ("GET", "/api/v1/presets?limit=0", nil, 400, "BadField"),
        ("GET", "/api/v1/presets?limit=x", nil, 400, "BadField"),
        ("GET", "/api/v1/presets?limt=1", nil, 400, "UnknownField"),
        ("GET", "/api/v1/presets?limit=1&limit=2", nil, 400, "BadQuery"),
        ("GET", "/api/v1/workspaces?state=nice", nil, 400, "BadField"),
        ("GET", "/api/v1/presets/%00", nil, 400, "BadPath"),
        ("GET", "/api/v1/../../etc/passwd", nil, 400, "BadPath"),
        ("GET", "/api/v1/presets/..%2f..%2fetc", nil, 404, "UnknownPreset"),
        ("POST", "/api/v1/presets/a/claims", "{", 400, "BadBody"),
        ("POST", "/api/v1/presets/a/claims", "[]", 400, "BadBody"),
        ("POST", "/api/v1/presets/a/claims", "{}", 400, "MissingField"),
        ("POST", "/api/v1/presets/a/claims", #"{"owner": 7}"#, 400, "BadField"),
        ("POST", "/api/v1/presets/a/claims", #"{"ownr": "ada"}"#, 400, "UnknownField"),
        ("POST", "/api/v1/presets/a/claims", #"{"owner": "ada", "wait": "soon"}"#, 400, "BadField"),
        ("POST", "/api/v1/presets/a/claims", String(repeating: "[", count: 5000), 400, "BadBody"),
        (
            "POST", "/api/v1/presets/a/claims", #"{"owner": ""# + String(repeating: "x", count: 2 << 20) + #""}"#, 413,
            "BodyTooLarge"
        ),
        ("POST", "/api/v1/suspend", #"{"preset": "a", "all": true}"#, 400, "BadField"),
        ("POST", "/api/v1/suspend", #"{"preset": "a", "until": "2001-01-01T00:00:00Z"}"#, 409, "TimeHasPassed"),
        ("POST", "/api/v1/approve", #"{"revision": "nothing"}"#, 409, "NotApplied"),
        ("POST", "/api/v1/workspaces/none/release", "{}", 404, "UnknownWorkspace"),
        ("POST", "/healthz", "{}", 405, "MethodNotAllowed"),
    ]

    @Test("An invalid request is answered with a problem that names the error")
    func problems() async throws {
        try await withDaemon(instances: 1) { daemon in
            for (method, path, body, status, code) in Self.nonsense {
                let answer = try await daemon.call(method, path, body: body)
                #expect(answer.status == status, "\(method) \(path): \(answer.text)")
                #expect(answer.headers.first(name: "Content-Type") == "application/problem+json")
                #expect(try answer.json()["title"]?.string == code, "\(method) \(path)")
                #expect(try answer.json()["detail"]?.string?.isEmpty == false)
                #expect(answer.headers.first(name: "X-Request-Id")?.isEmpty == false)
            }
            #expect(try await daemon.isReady("a", 1))
        }
    }

    @Test("A body needs the content type application/json")
    func contentTypes() async throws {
        try await withDaemon(instances: 1) { daemon in
            let form = try await daemon.post(
                "/api/v1/presets/a/claims", "owner=ada", headers: ["Content-Type": "application/x-www-form-urlencoded"])
            #expect(form.status == 415)
        }
    }

    @Test("Metrics and health endpoints report the state of the daemon")
    func health() async throws {
        try await withDaemon(instances: 1) { daemon in
            #expect(try await daemon.get("/healthz").status == 200)
            #expect(try await daemon.get("/readyz").status == 200)
            let metrics = try await daemon.get("/metrics")
            #expect(
                metrics.text.contains("prewarm_preset_instances{source=\"presets\",preset=\"a\",state=\"desired\"} 1"))
            #expect(metrics.text.contains("prewarm_reconcile_total{source=\"presets\",result=\"changed\"}"))
        }
    }
}
