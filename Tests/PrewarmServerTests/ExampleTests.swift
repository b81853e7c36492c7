import ClockSupport
import Foundation
import PrewarmCore
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Testing

extension MetricDescriptor {
    /// All metrics, in the order in which they are rendered.
    fileprivate static let all = [
        buildInfo, sourceInfo, sourceLastSuccess, sourceRevisionTime, manifests, deletionsHeld, brokenClaims,
        claimsWaiting,
        provisionerAvailable, leaseHeld, replicas, operations, oldestPending, presetInstances, presetCondition,
        reconciles, gitRequests, parseCache, planActions,
        claims, handovers, claimEnds, webhookDeliveries, notifications, takeovers, reconcileDuration,
        gitDuration, operationDuration, claimDuration, claimUsable, commitToReady,
    ]

    fileprivate var series: [String] {
        kind == .histogram ? ["_bucket", "_sum", "_count"].map { name + $0 } : [name]
    }
}

/// The queries of an example file, with the variables of Grafana filled in.
private struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let queries: @Sendable () throws -> [String]

    static let all = [
        Example(testDescription: "dashboard.json") {
            let data = try Data(contentsOf: Programs.root.appending(path: "examples/grafana/dashboard.json"))
            let dashboard = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            let panels = try #require(dashboard["panels"] as? [[String: Any]])
            let ids = panels.compactMap { $0["id"] as? Int }
            #expect(Set(ids).count == panels.count)
            return panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
                .map { $0.replacing("$__rate_interval", with: "5m").replacing(/\$(source|preset)/, with: ".*") }
        },
        Example(testDescription: "alerts.yaml") {
            let file = Programs.root.appending(path: "examples/prometheus/alerts.yaml")
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            return lines.filter { $0.contains("prewarm_") && !$0.contains("summary:") }.map(String.init)
        },
    ]
}

@Suite("Examples for Grafana and Prometheus")
struct ExampleTests {
    private static let folder = Programs.root.appending(path: "examples/prometheus")

    @Test("The list of metrics in this test equals the metrics of a scrape")
    func list() {
        let text = String(
            decoding: Metrics(version: "1", now: { .wall }).render(
                MetricsState(now: .at(0)), pools: PoolMetrics().text(.nonzero), held: [:]), as: UTF8.self)
        let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.split(separator: " ")[2]) }
        #expect(names == MetricDescriptor.all.map(\.name))
    }

    @Test("The queries of an example use only metrics and labels that exist", arguments: Example.all)
    fileprivate func names(example: Example) throws {
        let queries = try example.queries()
        #expect(queries.count >= 10)
        let series = Dictionary(
            MetricDescriptor.all.flatMap { metric in metric.series.map { ($0, Set(metric.labels + ["le"])) } }
        ) { first, _ in first }
        var used: Set<String> = []
        for query in queries {
            for match in query.matches(of: /(prewarm_[a-z_]+)(?:\{([^}]*)\})?/) {
                let name = String(match.1)
                used.insert(name)
                let labels = try #require(series[name], "\(name) does not exist")
                for label in (match.2 ?? "").matches(of: /([a-z]+)\s*=/) {
                    #expect(labels.contains(String(label.1)), "\(name) has no label \(label.1)")
                }
            }
            let known = Set(series.values.joined())
            for match in query.matches(of: /(?:by|on) \(([a-z, ]+)\)/) {
                for label in match.1.split(separator: ",") {
                    #expect(known.contains(label.trimmingCharacters(in: .whitespaces)), "\(query)")
                }
            }
        }
        if example.testDescription == "dashboard.json" { #expect(used.count >= 20, "the dashboard shows most metrics") }
    }

    @Test(
        "promtool accepts every query of the dashboard",
        .enabled("promtool is not installed: run `apt-get install prometheus`") {
            await Programs.isWanted("promtool", ["--version"])
        })
    func dashboardQueries() async throws {
        let queries = try Example.all[0].queries()
        var rules = "groups:\n- name: dashboard\n  rules:\n"
        for (index, query) in queries.enumerated() {
            rules += "  - record: panel:query_\(index)\n    expr: '\(query.replacing("'", with: "''"))'\n"
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "dashboard-\(UUID().uuidString).yaml")
        try rules.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let result = try await Programs.run("promtool", ["check", "rules", file.path])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("\(queries.count) rules found"))
    }

    @Test(
        "promtool accepts the alerts, and each alert passes its unit tests",
        .enabled("promtool is not installed: run `apt-get install prometheus`") {
            await Programs.isWanted("promtool", ["--version"])
        })
    func alerts() async throws {
        let check = try await Programs.run("promtool", ["check", "rules", "alerts.yaml"], in: Self.folder)
        #expect(check.status == 0, "\(check.output)")
        let test = try await Programs.run("promtool", ["test", "rules", "alerts.test.yaml"], in: Self.folder)
        #expect(test.status == 0, "\(test.output)")
        let tests = try String(contentsOf: Self.folder.appending(path: "alerts.test.yaml"), encoding: .utf8)
        let rules = try String(contentsOf: Self.folder.appending(path: "alerts.yaml"), encoding: .utf8)
        let names = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
        #expect(names.count >= 10)
        for name in names { #expect(tests.contains("alertname: \(name)"), "\(name) has no test") }
    }

    @Test("Each alert leads to its section of the guide, which says what to do, and the guide has no other sections")
    func runbooks() throws {
        let rules = try String(contentsOf: Self.folder.appending(path: "alerts.yaml"), encoding: .utf8)
        let alerts = rules.split(separator: "- alert: ").dropFirst().map { text in
            let link = text.firstMatch(of: /runbook_url: "([^"#]+)#([a-z]+)"/)
            return (name: text.prefix { !$0.isNewline }, page: link?.output.1, anchor: link?.output.2)
        }
        let path = "Sources/prewarm/Documentation.docc/Alerts.md"
        let page = try String(contentsOf: Programs.root.appending(path: path), encoding: .utf8)
        let sections = Dictionary(
            uniqueKeysWithValues: page.split(separator: "\n## ").dropFirst().map { ($0.prefix { !$0.isNewline }, $0) })
        #expect(alerts.count >= 13 && Set(alerts.map(\.name)) == Set(sections.keys))
        for alert in alerts {
            #expect(alert.page?.hasSuffix("/" + path) == true, "\(alert.name) has no runbook_url")
            // Forges make the anchor of a heading from its text in lower case.
            #expect(alert.anchor.map(String.init) == alert.name.lowercased())
            let section = sections[alert.name] ?? ""
            for part in ["**Meaning.**", "**Users**", "**Look at**", "**Do"] {
                #expect(section.contains(part), "\(alert.name) lacks \(part)")
            }
        }
    }
}
