import AsyncHTTPClient
import Foundation
import Subprocess
import SystemPackage
import Testing

/// A real Prometheus that scrapes a real daemon, with the alerts and the queries of the examples.
@Suite(
    "A Prometheus that scrapes a daemon",
    .enabled("Prometheus is not installed: run `apt-get install prometheus`") {
        if ProcessInfo.processInfo.environment["CI"] != nil { return true }
        return
            (try? await Subprocess.run(
                .name("prometheus"), arguments: ["--version"], output: .discarded, error: .discarded
            ))?.terminationStatus.isSuccess == true
    })
struct PrometheusTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "examples")

    /// Runs Prometheus while the body runs, which gets its URL.
    private static func scrape(
        _ daemon: RunningDaemon, token: String, _ body: @escaping @Sendable (String) async throws -> Void
    ) async throws {
        let sandbox = daemon.sandbox
        try sandbox.write(
            "prometheus.yml",
            """
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: ["\(examples.path)/prometheus/alerts.yaml"]
            scrape_configs:
              - job_name: prewarm
                authorization: {credentials: \(token)}
                static_configs: [{targets: ["\(daemon.url.replacing("http://", with: ""))"]}]

            """)
        let log = sandbox.root.appending(path: "prometheus.log").path
        let descriptor = try FileDescriptor.open(
            FilePath(log), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        _ = try await Subprocess.run(
            .name("prometheus"),
            arguments: [
                "--config.file=prometheus.yml", "--web.listen-address=127.0.0.1:0", "--storage.tsdb.path=metrics",
            ], workingDirectory: FilePath(sandbox.root.path), input: .none, output: .discarded,
            error: .fileDescriptor(descriptor, closeAfterSpawningProcess: true)
        ) { execution in
            defer { try? execution.send(signal: .kill) }
            for _ in 0..<2400 {
                let text = String(decoding: sandbox.bytes("prometheus.log") ?? Data(), as: UTF8.self)
                if let found = text.firstMatch(of: /Listening on.*address=(127\.0\.0\.1:[1-9][0-9]*)/) {
                    return try await body("http://\(found.output.1)")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw SandboxError(message: "Prometheus did not start")
        }
    }

    private static func get(_ url: String) async throws -> JSON {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
        return try JSON(String(buffer: try await response.body.collect(upTo: 4 << 20)))
    }

    /// Returns the series that a query finds.
    private static func query(_ text: String, at url: String) async throws -> [JSON] {
        let encoded = text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await get("\(url)/api/v1/query?query=\(encoded)")
        #expect(answer["status"]?.string == "success", "\(text)")
        return answer["data"]?["result"]?.list ?? []
    }

    /// The queries of the dashboard, with the variables of Grafana filled in.
    private static func dashboardQueries() throws -> [String] {
        let text = try String(contentsOf: examples.appending(path: "grafana/dashboard.json"), encoding: .utf8)
        return (try JSON(text)["panels"]?.list ?? []).flatMap { $0["targets"]?.list ?? [] }
            .compactMap { $0["expr"]?.string }
            .map { $0.replacing("$__rate_interval", with: "1m").replacing(/\$(source|preset)/) { _ in ".*" } }
    }

    @Test("The alerts and the dashboard of the examples work: an empty pool raises its alert, and a full one does not")
    func scrapes() async throws {
        let sandbox = try await Sandbox(configuration: .slow)
        try await sandbox.commit([
            "a.yaml": Sandbox.preset("a", instances: 2),
            "broken.yaml": Sandbox.preset("broken", instances: 1, "  parameters: {fail: \"yes\"}\n  failureLimit: 1\n"),
        ])
        _ = try await sandbox.prewarm("token", "create", "ops", "--role", "operator")
        let made = try await sandbox.prewarm("token", "create", "metrics", "--role", "viewer", "-o", "json")
        let token = try #require(try made.json()["token"]?.string)
        try await sandbox.serve { daemon in
            try await daemon.eventually("a is ready") { try await daemon.isReady("a", 2) }
            #expect(try await daemon.post("/api/v1/presets/a/claims", #"{"owner": "ada"}"#).status == 201)
            try await Self.scrape(daemon, token: token) { url in
                try await daemon.eventually("Prometheus has scraped the daemon and judged the pools") {
                    // Prometheus listens before it answers requests.
                    let answer = try? await Self.get("\(url)/api/v1/alerts")
                    let alerts = answer?["data"]?["alerts"]?.list ?? []
                    return alerts.contains {
                        $0["labels"]?["alertname"]?.string == "PrewarmPoolEmpty"
                            && $0["labels"]?["preset"]?.string == "broken"
                    }
                }
                let rules = try await Self.get("\(url)/api/v1/rules")["data"]?["groups"]?[0]?["rules"]?.list ?? []
                #expect(rules.count >= 13)
                for rule in rules { #expect(rule["health"]?.string == "ok", "\(rule.value)") }
                let alerts = try await Self.get("\(url)/api/v1/alerts")["data"]?["alerts"]?.list ?? []
                #expect(alerts.allSatisfy { $0["annotations"]?["runbook_url"]?.string?.contains("Alerts.md#") == true })
                #expect(alerts.allSatisfy { $0["labels"]?["preset"]?.string != "a" }, "the full pool has no alert")
                let claimable = try await Self.query(
                    #"prewarm_preset_instances{preset="a",state="claimable"}"#, at: url)
                #expect(!claimable.isEmpty)
                let queries = try Self.dashboardQueries()
                #expect(queries.count >= 30)
                // A rate needs two scrapes.
                try await daemon.eventually("half of the queries find something") {
                    var found = 0
                    for query in queries where !(try await Self.query(query, at: url)).isEmpty { found += 1 }
                    return found >= queries.count / 2
                }
            }
        }
    }
}
