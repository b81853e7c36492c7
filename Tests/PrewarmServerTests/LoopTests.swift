import ClockSupport
import Foundation
import Logging
import PrewarmCore
import PrewarmEngine
import PrewarmGit
import PrewarmManifests
@testable import PrewarmNotifications
import PrewarmProvisioners
import PrewarmSQLite
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Testing

/// A real repository, store and provisioner in one folder, with an engine for them.
private final class Workshop: Sendable {
    let folder: URL
    let engine: Engine
    let metrics = Metrics(version: "1.0.0", now: { .wall })

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "prewarm-watch-\(UUID().uuidString)")
        let repository = folder.appending(path: "repository")
        try FileManager.default.createDirectory(at: repository, withIntermediateDirectories: true)
        _ = try await Programs.run("git", ["init", "-q", "-b", "main"], in: repository)
        let script = folder.appending(path: "provision")
        try "#!/bin/sh\ncat >/dev/null\n[ \"$PREWARM_VERSION\" != bad ]\n".write(
            to: script, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
        let git = try GitMirror(
            GitSettings(
                name: "presets", url: repository.path, allowFile: true, mirror: folder.appending(path: "mirror").path))
        let provisioner = CommandProvisioner(
            CommandSettings(
                name: "local", command: [script.path], operations: [.create, .delete], concurrency: 4,
                timeout: .seconds(60), grace: .seconds(1), workingDirectory: folder.path, environment: [:],
                ownEnvironment: ["PATH": "/usr/bin:/bin"], inheritedNames: []))
        let metrics = metrics
        engine = Engine(
            store: try SQLiteStore.open(path: folder.appending(path: "prewarm.db").path),
            sources: [.init(name: "presets", url: repository.path, git: git)], provisioners: ["local": provisioner],
            defaultProvisioner: "local", policy: Policy(),
            parser: ManifestParsing(version: ManifestParser.version, sizeLimit: ManifestParser.sizeLimit) {
                ManifestParser.parse($0)
            }, clock: RealClock(now: { .wall }), random: randomBits, observe: { metrics.observe($0) })
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Writes the files and commits them.
    /// - Returns: The id of the commit.
    func commit(_ files: [String: String]) async throws -> String {
        let repository = folder.appending(path: "repository")
        for (name, text) in files {
            try text.write(to: repository.appending(path: name), atomically: true, encoding: .utf8)
        }
        _ = try await Programs.run("git", ["add", "-A"], in: repository)
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        _ = try await Programs.run("git", identity + ["commit", "-q", "-m", "Change pools"], in: repository)
        let head = try await Programs.run("git", ["rev-parse", "HEAD"], in: repository)
        return head.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func sync(waits: Bool = true) async throws {
        _ = try await Synchronizer(
            engine, sources: ["presets"], waitsUntil: waits ? engine.clock.instant() + .seconds(300) : nil
        ) { _ in
        }.run()
    }
}

private func preset(instances: String, version: String = "'1'") -> String {
    """
    apiVersion: prewarm/v1
    kind: Preset
    metadata: {name: go}
    spec:
      template: dev
      version: \(version)
      instances: \(instances)
      failureLimit: 1
    """
}

@Suite("From a commit to notifications and metrics")
struct LoopTests {
    @Test(
        "A good commit becomes a success at the forge, an invalid one a failure with its line, and the metrics show both"
    )
    func loop() async throws {
        let workshop = try await Workshop()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await Receiver.run { forge in
            try await Receiver.run { chat in
                let notifier = try Notifier(
                    [
                        SinkSettings(
                            name: "checks", kind: .github, url: forge.url, secret: "t0ken", repository: "acme/presets"),
                        SinkSettings(name: "chat", kind: .slack, url: chat.url + "/services/T0/B0/abcdefgh"),
                    ], engine: workshop.engine, instance: "berlin", version: "1.0.0", metrics: workshop.metrics,
                    progress: LoopProgress(workshop.engine.clock), logger: logger,
                    pace: .init(interval: .milliseconds(20)))
                try await notifier.running {
                    func last() -> String {
                        let json = forge.requests.last?.json ?? [:]
                        return "\(json["state"] ?? "") \(json["description"] ?? "")"
                    }
                    _ = try await eventually { try await workshop.engine.store.read { try $0.sink("chat") } != nil }
                    _ = try await eventually { try await workshop.engine.store.read { try $0.sink("checks") } != nil }
                    let good = try await workshop.commit(["go.yaml": preset(instances: "2")])
                    try await workshop.sync()
                    #expect(try await eventually { last() == "success every pool is ready" })
                    #expect(forge.requests.last?.path == "/api/v3/repos/acme/presets/statuses/\(good)")
                    #expect(forge.requests.last?.json["context"] as? String == "prewarm/berlin/presets")
                    #expect(chat.requests.isEmpty, "a success gives no message")

                    let broken = try await workshop.commit(["go.yaml": preset(instances: "many")])
                    try await workshop.sync()
                    let isTold = try await eventually { last().hasPrefix("failure go.yaml:7:14: invalid instances: ") }
                    #expect(isTold, "\(last())")
                    #expect(forge.requests.last?.path.hasSuffix(broken) == true)
                    #expect(try await eventually { chat.requests.count == 1 })

                    _ = try await workshop.commit(["go.yaml": preset(instances: "2", version: "bad")])
                    try await workshop.sync(waits: false)
                    let isStalled = try await eventually { last().hasPrefix("failure go is stalled: 1 build in a row") }
                    #expect(isStalled, "\(last())")
                    #expect(try await eventually { chat.requests.count == 3 })
                    let texts = chat.requests.compactMap { $0.json["text"] as? String }
                    #expect(texts[0].hasPrefix(":red_circle: presets: manifests are invalid"))
                    #expect(texts[1] == ":large_green_circle: presets: every manifest is valid again")
                    #expect(texts[2].hasPrefix(":red_circle: presets: pool go is stalled: 1 build in a row failed"))
                }
            }
        }
        let text = String(decoding: try await workshop.metrics.render(workshop.engine), as: UTF8.self)
        for expected in [
            #"prewarm_reconcile_total{source="presets",result="changed"}"#,
            #"prewarm_git_requests_total{source="presets",kind="fetch",result="success"} 3"#,
            #"prewarm_preset_condition{source="presets",preset="go",type="Stalled"} 1"#,
            #"prewarm_preset_instances{source="presets",preset="go",state="desired"} 2"#,
            #"prewarm_operation_duration_seconds_count{type="create",provisioner="local",result="failed"} 1"#,
            #"prewarm_plan_actions_total{action="create",reason="BelowDesired"}"#,
            #"prewarm_notifications_total{sink="chat",result="delivered"} 3"#,
            #"prewarm_source_revision_timestamp_seconds{source="presets"}"#,
        ] { #expect(text.contains(expected), "\(expected) is not in\n\(text)") }
    }
}
