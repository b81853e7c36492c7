import Foundation
import PrewarmCore
import PrewarmEngine
@testable import PrewarmNotifications
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Testing

@Suite("Notifications to Slack and to forges")
struct ReceiverTests {
    @Test("A message to Slack contains no link and no mention")
    func slack() async throws {
        let journal = try Journal()
        try await journal.register("chat")
        try await Receiver.run { receiver in
            let settings = SinkSettings(name: "chat", kind: .slack, url: receiver.url + "/services/T0/B0/abcdefgh")
            try await journal.notifier(settings).running {
                try await journal.append(.revision("a", "Applied"))
                try await journal.append(
                    (1...30).map { .preset("p\($0)", "Stalled", "<!channel> & <https://evil.example|click>") })
                #expect(try await eventually { receiver.requests.count == 1 })
            }
            let request = try #require(receiver.requests.first)
            #expect(request.path == "/services/T0/B0/abcdefgh")
            #expect(request.json["text"] as? String == ":red_circle: presets: 30 pools are stalled")
            let blocks = try #require(request.json["blocks"] as? [[String: Any]])
            #expect(blocks.map { $0["type"] as? String } == ["section", "section", "context"])
            let list = try #require((blocks[1]["text"] as? [String: Any])?["text"] as? String)
            #expect(list.contains("`preset/p1` &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"))
            #expect(list.hasSuffix("… and 20 more"))
            #expect(!request.body.contains("<"))
        }
    }

    struct Forge: Sendable, CustomTestStringConvertible {
        let kind: SinkSettings.Kind
        let base: String
        let source: String
        let path: String
        let header: (name: String, value: String)
        let context: String
        let failure: String

        var testDescription: String { "\(kind)" }
    }

    static let forges = [
        Forge(
            kind: .github, base: "/api/v3", source: "git@ghe.example.org:acme/presets.git",
            path: "/api/v3/repos/acme/presets/statuses/", header: ("authorization", "Bearer t0ken-of-forge"),
            context: "context", failure: "failure"),
        Forge(
            kind: .gitlab, base: "", source: "https://git.example.org/group/sub/presets.git",
            path: "/api/v4/projects/group%2Fsub%2Fpresets/statuses/", header: ("private-token", "t0ken-of-forge"),
            context: "name", failure: "failed"),
        Forge(
            kind: .gitea, base: "/git/api/v1/", source: "ssh://git@git.example.org:2222/acme/presets",
            path: "/git/api/v1/repos/acme/presets/statuses/", header: ("authorization", "token t0ken-of-forge"),
            context: "context", failure: "failure"),
    ]

    @Test("A forge gets the status of the applied commit with its token at the path of its API", arguments: forges)
    func forge(forge: Forge) async throws {
        let journal = try Journal(sources: ["presets": forge.source])
        try await journal.register("hub")
        let again = Receiver.Answer(status: 400, body: #"{"message":"Cannot transition status via :run"}"#)
        try await Receiver.run([.init(status: 201), .init(status: 502), forge.kind == .gitlab ? again : .init()]) {
            receiver in
            let settings = SinkSettings(
                name: "hub", kind: forge.kind, url: receiver.url + forge.base, secret: "t0ken-of-forge")
            try await journal.notifier(settings).running {
                try await journal.append(.revision("a", "Applied", "2 presets"))
                #expect(try await eventually { receiver.requests.count == 1 })
                let long = "presets/go.yaml:8:3: " + String(repeating: "ä", count: 400)
                try await journal.append(.revision("b", "Applied"), .revision("b", "ManifestsInvalid", long))
                #expect(try await eventually { receiver.requests.count == 4 })
            }
            let requests = receiver.requests
            for request in requests { #expect(request.headers[forge.header.name] == forge.header.value) }
            #expect(requests.map(\.path) == ["a", "a", "a", "b"].map { forge.path + String(repeating: $0, count: 40) })
            #expect(requests.map { $0.json["state"] as? String } == ["pending", "success", "success", forge.failure])
            #expect(requests.allSatisfy { $0.json[forge.context] as? String == "prewarm/main/presets" })
            let description = try #require(requests[3].json["description"] as? String)
            #expect(description.hasPrefix("presets/go.yaml:8:3: ä"))
            #expect(description.count <= (forge.kind == .github ? 140 : 255))
        }
        #expect(!journal.log.contains("dropped"), "\(journal.log)")
    }

    @Test("Without a configured address, the API is at the host of the source")
    func addresses() throws {
        for (kind, url, address) in [
            (SinkSettings.Kind.github, "https://github.com/a/b.git", "https://api.github.com"),
            (.github, "https://ghe.example.org/a/b.git", "https://ghe.example.org/api/v3"),
            (.gitlab, "https://gitlab.com/a/b.git", "https://gitlab.com/api/v4"),
            (.gitea, "https://codeberg.org/a/b.git", "https://codeberg.org/api/v1"),
        ] {
            let sink = try ForgeSink(
                SinkSettings(name: "s", kind: kind, secret: "t"), urls: ["presets": url], instance: "main")
            #expect(sink.address.text == address)
        }
    }
}

@Suite("Secrets of notification sinks")
struct SinkSecretTests {
    @Test("Logs, metrics and store contain no secret, even if a receiver sends it back")
    func planted() async throws {
        let journal = try Journal()
        let metrics = Metrics(version: "1.0.0", now: { .wall })
        let (hookSecret, slackPath, token) = (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "/services/T0PLANTED/B0PLANTED/xoxPlantedSlackSecret",
            "ghp_PlantedForgeToken"
        )
        let planted = [
            hookSecret, String(hookSecret.dropFirst(6)), slackPath, "xoxPlantedSlackSecret", "T0PLANTED", token,
            "PlantedQuery",
        ]
        try await journal.register("hook", "chat", "hub")
        let padding = String(repeating: " ", count: 2048 - 10)
        let answers = planted.flatMap { secret in
            [500, 403, 404].flatMap { status in
                [
                    Receiver.Answer(status: status, body: "no: \(secret) is bad\n\u{1b}[31m"),
                    Receiver.Answer(status: status, body: padding + secret),
                ]
            }
        }
        try await Receiver.run(answers) { receiver in
            let settings = [
                SinkSettings(
                    name: "hook", kind: .webhook, url: receiver.url + "/h?key=PlantedQuery", secret: hookSecret),
                SinkSettings(name: "chat", kind: .slack, url: receiver.url + slackPath),
                SinkSettings(name: "hub", kind: .github, url: receiver.url, secret: token),
            ]
            let notifier = try journal.notifier(settings[0], settings[1], settings[2], metrics: metrics)
            try await notifier.running {
                for digit in "abcdef0123456789" {
                    try await journal.append(
                        .revision(digit, "Applied"), .preset("go", "Stalled"), .preset("go", "Recovered"))
                }
                #expect(try await eventually { receiver.requests.count >= answers.count + 3 })
            }
        }
        // No server listens at this address.
        let away = SinkSettings(name: "chat", kind: .slack, url: "https://127.0.0.1:1" + slackPath)
        try await journal.notifier(away, metrics: metrics).running {
            try await journal.append(.preset("rust", "Stalled"))
            #expect(try await eventually { journal.log.contains("onnection refused") }, "\(journal.log.suffix(400))")
        }
        let rendered = String(decoding: try await metrics.render(journal.engine), as: UTF8.self)
        #expect(rendered.contains(#"prewarm_notifications_total{sink="hub",result="#))
        var outputs = [("log", journal.log), ("metrics", rendered)]
        for suffix in ["", "-wal"] {
            let bytes = FileManager.default.contents(atPath: journal.path + suffix) ?? Data()
            outputs.append(("store\(suffix)", String(decoding: bytes, as: UTF8.self)))
        }
        #expect(journal.log.contains("[redacted]"), "the log quotes the answers")
        for secret in planted {
            for (name, text) in outputs { #expect(!text.contains(secret), "\(secret) is in the \(name)") }
        }
        // A cut answer may end with the beginning of a secret.
        for beginning in ["whsec_MfKQ", "ghp_Plant", "xoxPlan"] { #expect(!journal.log.contains(beginning)) }
        #expect(!journal.log.contains("\u{1b}"))
    }

    @Test("Errors of the configuration contain no secret")
    func errors() throws {
        let journal = try Journal()
        let bad = [
            SinkSettings(name: "s", kind: .webhook, url: "https://x.org/PlantedPath", secret: "PlantedSecret"),
            SinkSettings(name: "s", kind: .slack, url: "https://u:PlantedSecret@x.org/PlantedPath"),
            SinkSettings(name: "s", kind: .github, url: "ftp://PlantedPath", secret: "PlantedSecret"),
        ]
        for settings in bad {
            do {
                _ = try journal.notifier(settings)
                Issue.record("the settings were accepted")
            } catch { #expect(!"\(error)".contains("Planted")) }
        }
    }
}
