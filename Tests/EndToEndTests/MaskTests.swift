import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// Each field that may hold a secret has a marker. The test compares the markers that a role finds in all documents and in
/// the event stream with one table.
@Suite("Secrets by role", .serialized)
struct MaskTests {
    private static let provisioner = #"""
        #!/bin/sh
        set -eu
        cat > /dev/null
        cd "$(dirname "$0")"
        case $1 in
        create)
            echo "LOG-${PREWARM_PRESET}-LOG" >&2
            [ "${PREWARM_PARAM_FAIL:-no}" = no ] || exit 3
            id=$PREWARM_WORKSPACE_ID
            echo "{\"endpoint\": \"ENDPOINT-$id\", \"metadata\": {\"password\": \"METADATA-$id\"}}"
            ;;
        delete)
            echo "LOG-${PREWARM_PRESET}-LOG" >&2
            exit 4
            ;;
        list)
            echo "LOG-list-LOG" >&2
            exit 5
            ;;
        esac
        """#

    /// A provisioner whose first workspace breaks after it was ready.
    private static let sick = #"""
        #!/bin/sh
        set -eu
        cat > /dev/null
        cd "$(dirname "$0")"
        mkdir -p sick
        case $1 in
        create)
            [ -e first ] || echo "$PREWARM_WORKSPACE_ID" > first
            touch "sick/$PREWARM_WORKSPACE_ID"
            ;;
        delete) rm -f "sick/$PREWARM_WORKSPACE_ID" ;;
        inspect) echo '{"state": "failed", "message": "LOG-sick-LOG"}' ;;
        list)
            comma=
            printf '{"workspaces": ['
            for id in $(ls sick); do
                state=ready
                [ "$id" != "$(cat first)" ] || state=failed
                printf '%s{"id": "%s", "state": "%s"}' "$comma" "$id" "$state"
                comma=,
            done
            echo ']}'
            ;;
        esac
        """#

    private static func sandbox() async throws -> Sandbox {
        let second = """
            provisioners:
              - name: second
                command: [./sick-provision]
                operations: [create, delete, inspect, list]
                resync: 1s
            """
        let sandbox = try await Sandbox(
            configuration: String.slow.replacing("[create, delete]", with: "[create, delete, list]\n    resync: 1s")
                .replacing("provisioners:", with: second))
        try sandbox.write("provision", provisioner, isExecutable: true)
        try sandbox.write("sick-provision", sick, isExecutable: true)
        let fails = "  parameters: {fail: \"yes\"}\n"
        try await sandbox.commit([
            "good.yaml": Sandbox.preset("good", instances: 5),
            "stalled.yaml": Sandbox.preset("stalled", instances: 1, fails + "  failureLimit: 1"),
            "failing.yaml": Sandbox.preset("failing", instances: 1, fails + "  failureLimit: 100"),
            "sick.yaml": Sandbox.preset("sick", instances: 3).replacing("template: go", with: "template: sick")
                + "\n---\napiVersion: prewarm/v1\nkind: Template\nmetadata: {name: sick}\nspec: {provisioner: second}\n",
            "broken.yaml": Sandbox.preset("broken", instances: 1).replacing("1.0", with: "1.0\"\n  MANIFEST-MARK: \"1"),
        ])
        return sandbox
    }

    /// The names and options of the tokens, which cover all roles.
    private static let roles: [(name: String, options: [String])] = [
        ("ops", ["--role", "operator"]), ("ops-of-good", ["--role", "operator", "--preset", "good"]),
        ("screen", ["--role", "viewer"]), ("screen-of-good", ["--role", "viewer", "--preset", "good"]),
        ("owner-ada", ["--role", "claimer"]), ("owner-bob", ["--role", "claimer"]),
        ("owner-of-good", ["--role", "claimer", "--preset", "good"]),
    ]

    private struct Scene {
        let daemon: RunningDaemon
        let tokens: [String: String]
        /// The IDs of workspaces by owner; the key of unclaimed workspaces is "".
        var workspaces: [String: [String]] = [:]
        var operations: [String] = []
        var request = ""

        func get(_ path: String, as name: String, accept: String = "application/json") async throws
            -> RunningDaemon.Answer
        {
            try await daemon.get(
                path, headers: ["Authorization": "Bearer \(tokens[name] ?? "")", "Accept": accept])
        }

        func post(_ path: String, _ body: String, as name: String) async throws -> RunningDaemon.Answer {
            try await daemon.post(path, body, headers: ["Authorization": "Bearer \(tokens[name] ?? "")"])
        }
    }

    @Test("Each GET route and the event stream show a role only what the table allows")
    func table() async throws {
        let sandbox = try await Self.sandbox()
        var tokens: [String: String] = [:]
        for (name, options) in Self.roles {
            let made = try await sandbox.prewarm(["token", "create", name, "-o", "json"] + options)
            tokens[name] = try #require(try made.json()["token"]?.string)
        }
        try await sandbox.serve { [tokens] daemon in
            let scene = try await Self.prepare(Scene(daemon: daemon, tokens: tokens))
            for (name, _) in Self.roles { try await Self.check(name, in: scene) }
        }
    }

    private static func prepare(_ scene: Scene) async throws -> Scene {
        var scene = scene
        let daemon = scene.daemon
        try await daemon.eventually("all are built or have failed") { [scene] in
            let status = try await scene.get("/api/v1/status", as: "ops")
            let text = status.text
            let good = try status.json()["presets"]?.list.first { $0["name"]?.string == "good" }
            let events = try await scene.get("/api/v1/events?limit=1000", as: "ops").text
            return events.contains("LOG-sick-LOG") && text.contains("\"Stalled\"")
                && text.contains("\"BackingOff\"") && text.contains("LOG-list-LOG") && good?["eligible"]?.int == 5
        }
        for owner in ["owner-ada", "owner-bob", "owner-of-good"] {
            let claim = try await scene.post("/api/v1/presets/good/claims", #"{"owner": "\#(owner)"}"#, as: owner)
            #expect(claim.status == 201, "\(claim.text)")
        }
        let claim = try await scene.post("/api/v1/presets/good/claims", #"{"owner": "owner-eve"}"#, as: "ops")
        let eve = try #require(try claim.json()["id"]?.string)
        #expect(try await scene.post("/api/v1/workspaces/\(eve)/release", "{}", as: "ops").status == 202)
        try await daemon.eventually("the delete has failed, and the pool is full again") { [scene] in
            let events = try await scene.get("/api/v1/events?limit=1000", as: "ops").text
            let presets = try await scene.get("/api/v1/presets?name=good", as: "ops").json()
            return events.contains("DeleteFailed") && presets[0]?["eligible"]?.int == 5
        }
        let sync = try await scene.post("/api/v1/sync", "{}", as: "ops")
        scene.request = try #require(try sync.json()["request"]?.string)
        // All roles see this last event.
        let end = try await scene.post("/api/v1/suspend", #"{"preset": "good", "reason": "END-MARK"}"#, as: "ops")
        #expect(end.status == 200)
        for workspace in try await scene.get("/api/v1/workspaces?preset=good&limit=1000", as: "ops").json().list {
            scene.workspaces[workspace["owner"]?.string ?? "", default: []].append(workspace["id"]?.string ?? "")
        }
        scene.operations = try await scene.get("/api/v1/operations?limit=1000", as: "ops").json().list
            .compactMap { $0["id"]?.string }
        #expect(scene.workspaces.keys.sorted() == ["", "owner-ada", "owner-bob", "owner-eve", "owner-of-good"])
        return scene
    }

    /// Returns all that a role can read: each GET route of the description for each object, and the event stream.
    private static func everything(_ name: String, in scene: Scene) async throws -> String {
        let description = try await scene.get("/api/v1/openapi.json", as: "ops").json()
        let paths = description["paths"]?.value as? [String: [String: Any]] ?? [:]
        let claims = try await scene.get("/api/v1/claims?limit=1000", as: "ops").json().list
        let values: [String: [String]] = [
            "claim": claims.compactMap { $0["id"]?.string }, "preset": ["good", "stalled", "failing", "sick"],
            "workspace": scene.workspaces.values.flatMap(\.self),
            "operation": scene.operations, "request": [scene.request],
        ]
        var all = ""
        for (path, methods) in paths.sorted(by: { $0.key < $1.key }) where methods["get"] != nil {
            var targets = [path]
            for (parameter, values) in values where path.contains("{\(parameter)}") {
                targets = values.map { path.replacing("{\(parameter)}", with: $0) }
            }
            for target in targets {
                #expect(!target.contains("{"), "a route with a parameter that this test has no values for: \(path)")
                let answer = try await scene.get("/api/v1" + target, as: name)
                #expect([200, 403, 404].contains(answer.status), "\(target): \(answer.status)")
                all += answer.text
            }
        }
        // No route, but documents all the same: the metrics, and the suggestion for a misspelt name.
        let metrics = try await scene.get("/metrics", as: name)
        #expect(metrics.status == (name.hasSuffix("-of-good") ? 403 : 200))
        let misspelt = try await scene.get("/api/v1/presets/stalle", as: name).text
        #expect(misspelt.contains("stalled") == !name.hasSuffix("-of-good"), "\(misspelt)")
        return all + metrics.text + (try await stream(name, in: scene))
    }

    private static func stream(_ name: String, in scene: Scene) async throws -> String {
        var request = HTTPClientRequest(url: scene.daemon.url + "/api/v1/events")
        request.headers.add(name: "Accept", value: "text/event-stream")
        request.headers.add(name: "Last-Event-ID", value: "0")
        request.headers.add(name: "Authorization", value: "Bearer \(scene.tokens[name] ?? "")")
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        var text = ""
        for try await part in response.body {
            text += String(buffer: part)
            if text.contains("END-MARK") { break }
        }
        #expect(text.contains("END-MARK"), "\(name) does not see the last event")
        return text
    }

    private static func check(_ name: String, in scene: Scene) async throws {
        let text = try await everything(name, in: scene)
        let owners = ["owner-ada", "owner-bob", "owner-eve", "owner-of-good"]
        let isClaimer = owners.contains(name)
        func expect(_ marker: String, _ isSeen: Bool) {
            #expect(text.contains(marker) == isSeen, "\(name) \(isSeen ? "does not see" : "sees") \(marker)")
        }
        for (owner, ids) in scene.workspaces {
            let isWhole = name.hasPrefix("ops") || isClaimer && owner == name
            for id in ids {
                expect("ENDPOINT-\(id)", isWhole)
                expect("METADATA-\(id)", isWhole)
                if isClaimer, owner != name { expect(id, false) }
            }
        }
        for owner in owners where owner != name { expect(owner, !isClaimer) }
        expect("LOG-good-LOG", name.hasPrefix("ops"))
        for log in ["LOG-stalled-LOG", "LOG-failing-LOG", "LOG-list-LOG", "LOG-sick-LOG"] { expect(log, name == "ops") }
        expect("an operator can read why", name != "ops")
        // Only readers of all presets see lines of manifests.
        expect("MANIFEST-MARK", !name.hasSuffix("-of-good"))
        expect("\"name\":\"stalled\"", !name.hasSuffix("-of-good"))
        expect("\"preset\":\"stalled\"", name == "ops" || name == "screen" || isClaimer && !name.hasSuffix("-of-good"))
    }
}
