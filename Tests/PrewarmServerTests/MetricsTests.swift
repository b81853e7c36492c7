import ClockSupport
import Foundation
import PrewarmAPI
import PrewarmCore
import PrewarmEngine
@testable import PrewarmServer
@testable import PrewarmTelemetry
import Testing

private let promtool = ConditionTrait.enabled("promtool is not installed: run `apt-get install prometheus`") {
    await Programs.isWanted("promtool", ["--version"])
}

/// Returns a store whose pools have two instances each. Every hundredth pool lacks one instance and is stalled.
private func filled(_ presets: Int, source: String = "presets") async throws -> Journal {
    let journal = try Journal(now: .at(1000))
    let spec = WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: [:])
    try await journal.engine.store.write { store in
        let keys = (0..<presets).map { PresetKey(source: source, name: "preset-\($0)") }
        try store.save(
            keys.map { Preset(key: $0, origin: Origin(file: "p.yaml", line: 1), spec: spec, instances: 2) })
        var workspaces: [Workspace] = []
        var conditions: [PresetKey: [Condition]] = [:]
        for (index, key) in keys.enumerated() {
            let isStalled = index % 100 == 1
            for number in 0..<(isStalled ? 1 : 2) {
                workspaces.append(
                    Workspace(
                        id: WorkspaceID("w\(index)-\(number)"), preset: key, spec: spec, fingerprint: spec.fingerprint,
                        state: .ready, createdAt: .at(0), readyAt: .at(10)))
            }
            conditions[key] =
                isStalled
                ? [
                    Condition(.ready, .no, reason: .belowDesired, message: "1 of 2"),
                    Condition(.stalled, reason: .failureLimit, message: "3 builds failed"),
                ] : [Condition(.ready, reason: .atDesired, message: "2 of 2")]
            if isStalled {
                try store.setFailure(
                    FailureRecord(
                        preset: key, fingerprint: spec.fingerprint, count: 3, retryAt: .at(0), message: "no"), of: key)
            }
        }
        try store.insert(workspaces)
        try store.save(conditions)
        try store.insert([
            Operation(
                id: OperationID("o1"), kind: .delete, workspace: WorkspaceID("w0-0"), preset: keys[0],
                provisioner: "local", reason: .expired, nextAttemptAt: .at(940), createdAt: .at(0))
        ])
        var record = SourceRecord(name: source, url: "u", applied: .sample("a"), appliedAt: .at(500), files: presets)
        record.foreignDocuments = 3
        try store.save(record)
        try store.insert(
            RevisionRecord(
                source: source, revision: .sample("a"), appliedAt: .at(500), committedAt: .at(450), created: 0,
                deleted: 0, cancelled: 0))
    }
    return journal
}

private func samples(_ text: String, of name: String) -> [Substring] {
    text.split(separator: "\n").filter { $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ") }
}

@Suite("Metrics")
struct MetricsTests {
    @Test("A scrape shows the state of the store and the events since the start of the process")
    func golden() async throws {
        let journal = try await filled(2)
        let metrics = Metrics(version: "1.2.3", now: { .at(990) })
        metrics.observe(.reconciled(source: "presets", result: .changed, duration: .milliseconds(30)))
        metrics.observe(.succeeded(source: "presets"))
        metrics.observe(.reconciled(source: "presets", result: .error, duration: .seconds(40)))
        metrics.observe(.reconciled(source: "presets", result: .skipped, duration: .zero))
        metrics.observe(.git(source: "presets", request: .ls, isSuccess: false, duration: .milliseconds(5)))
        metrics.observe(.parsed(known: 2, new: 1))
        metrics.observe(.planned(.create, .belowDesired))
        metrics.observe(.converged(source: "presets", after: .seconds(12)))
        let key = PresetKey(source: "presets", name: "preset-0")
        metrics.claim(preset: key, result: .hit, duration: .microseconds(700))
        metrics.claim(preset: key, result: .hit, duration: .seconds(3))
        metrics.webhook(kind: "github", result: .accepted)
        let text = String(decoding: try await metrics.render(journal.engine), as: UTF8.self)
        let expected = """
            prewarm_build_info{version="1.2.3"} 1
            prewarm_source_info{source="presets",ref="main",ready="true",suspended="false"} 1
            prewarm_source_last_success_timestamp_seconds{source="presets"} 1800000990.0
            prewarm_source_revision_timestamp_seconds{source="presets"} 1800000450.0
            prewarm_manifests{source="presets",state="valid"} 2
            prewarm_manifests{source="presets",state="invalid"} 0
            prewarm_manifests{source="presets",state="ignored"} 3
            prewarm_deletions_held{source="presets"} 0
            prewarm_lease_held{source="presets"} 0
            prewarm_replicas 0
            prewarm_operations{type="delete",state="pending"} 1
            prewarm_operation_oldest_pending_seconds 60.0
            prewarm_preset_instances{source="presets",preset="preset-0",state="desired"} 2
            prewarm_preset_instances{source="presets",preset="preset-0",state="eligible"} 2
            prewarm_preset_instances{source="presets",preset="preset-0",state="claimable"} 2
            prewarm_preset_instances{source="presets",preset="preset-1",state="desired"} 2
            prewarm_preset_instances{source="presets",preset="preset-1",state="eligible"} 1
            prewarm_preset_instances{source="presets",preset="preset-1",state="claimable"} 1
            prewarm_preset_condition{source="presets",preset="preset-1",type="Stalled"} 1
            prewarm_reconcile_total{source="presets",result="changed"} 1
            prewarm_reconcile_total{source="presets",result="error"} 1
            prewarm_reconcile_total{source="presets",result="skipped"} 1
            prewarm_git_requests_total{source="presets",kind="ls",result="error"} 1
            prewarm_parse_cache_total{result="hit"} 2
            prewarm_parse_cache_total{result="miss"} 1
            prewarm_plan_actions_total{action="create",reason="BelowDesired"} 1
            prewarm_claims_total{source="presets",preset="preset-0",result="hit"} 2
            prewarm_webhook_deliveries_total{kind="github",result="accepted"} 1
            """
        let plain = text.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.contains("_seconds_") }
        #expect(plain.joined(separator: "\n") == expected)
        let buckets = samples(text, of: "prewarm_claim_duration_seconds_bucket")
        #expect(buckets.first == #"prewarm_claim_duration_seconds_bucket{le="0.0005"} 0"#)
        #expect(buckets.contains(#"prewarm_claim_duration_seconds_bucket{le="0.001"} 1"#))
        #expect(buckets.last == #"prewarm_claim_duration_seconds_bucket{le="+Inf"} 2"#)
        #expect(
            samples(text, of: "prewarm_claim_duration_seconds_sum") == ["prewarm_claim_duration_seconds_sum 3.0007"])
        let reconciliations = samples(text, of: "prewarm_reconcile_duration_seconds_count")
        #expect(
            reconciliations == [#"prewarm_reconcile_duration_seconds_count{source="presets"} 2"#],
            "a skipped reconciliation has no duration")
        #expect(try await metrics.render(journal.engine) == Array(text.utf8), "a second scrape is the same")
    }

    @Test("promtool accepts a scrape without complaints", promtool, arguments: Metrics.PerPreset.allCases)
    func lint(perPreset: Metrics.PerPreset) async throws {
        let journal = try await filled(120)
        let metrics = Metrics(version: "1.2.3\"\\\n", perPreset: perPreset, now: { .wall })
        for result in Observation.ReconcileResult.allCases {
            metrics.observe(.reconciled(source: "presets", result: result, duration: .seconds(1)))
        }
        for request in [Observation.GitRequest.ls, .fetch] {
            metrics.observe(.git(source: "presets", request: request, isSuccess: true, duration: .seconds(1)))
        }
        metrics.observe(.parsed(known: 2, new: 1))
        for reason in Reason.allCases { metrics.observe(.planned(.delete, reason)) }
        metrics.observe(.converged(source: "presets", after: .seconds(12)))
        for state in [Operation.State.succeeded, .failed, .pending] {
            let operation = Operation(
                id: OperationID("o"), kind: .create, workspace: WorkspaceID("w"),
                preset: PresetKey(source: "presets", name: "a"), provisioner: "local", reason: .belowDesired,
                state: state, nextAttemptAt: .at(0), createdAt: .at(0))
            metrics.observe(.operation(operation, duration: .seconds(100)))
        }
        metrics.claim(preset: PresetKey(source: "presets", name: "a"), result: .waited, duration: .seconds(1))
        metrics.webhook(kind: "gitlab", result: .limited)
        metrics.notification(sink: "chat", result: .delivered)
        let text = String(decoding: try await metrics.render(journal.engine), as: UTF8.self)
        let result = try await Programs.run("promtool", ["check", "metrics"], input: text)
        #expect(result.status == 0 && result.output.isEmpty, "\(result.output)")
    }

    @Test("A scrape of ten thousand presets has a bounded number of series and bytes")
    func budget() async throws {
        let journal = try await filled(10_000)
        let pools = try await PoolMetrics.read(journal.engine)
        #expect(pools.pools.count == 10_000)
        let limits: [(Metrics.PerPreset, ClosedRange<Int>)] = [
            (.all, 90_000...101_000), (.nonzero, 30_000...30_300), (.off, 9...100),
        ]
        for (perPreset, range) in limits {
            let metrics = Metrics(version: "1", perPreset: perPreset, now: { .wall })
            let bytes = metrics.render(MetricsState(now: .at(0)), pools: pools.text(perPreset), held: [:])
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(range.contains(lines.count { !$0.hasPrefix("#") }), "\(perPreset)")
            #expect(bytes.count < (perPreset == .all ? 12_000_000 : 2_501_000))
            if perPreset == .off {
                #expect(lines.contains(#"prewarm_preset_instances{source="presets",state="eligible"} 19900"#))
            }
        }
    }

    @Test(
        "The last success is the newer one of this process and of the store",
        arguments: [(stored: 995, own: 990, shown: 995), (stored: 400, own: 990, shown: 990), (995, nil, 995)])
    func lastSuccess(_ stored: Int, _ own: Int?, _ shown: Int) async throws {
        let journal = try await filled(1)
        try await journal.engine.store.write { store in
            var record = try store.source("presets") ?? SourceRecord(name: "presets", url: "u")
            record.succeededAt = .at(Int64(stored))
            try store.save(record)
        }
        let metrics = Metrics(version: "1", now: { .at(Int64(own ?? 0)) })
        if own != nil { metrics.observe(.succeeded(source: "presets")) }
        let text = String(decoding: try await metrics.render(journal.engine), as: UTF8.self)
        #expect(
            samples(text, of: "prewarm_source_last_success_timestamp_seconds").map { $0.suffix(5) } == ["\(shown).0"])
    }

    @Test("The status of 10,000 pools is a small document over HTTP, and says how many pools it leaves out")
    func boundedStatus() async throws {
        let journal = try await filled(10_000)
        let api = API(engine: journal.engine)
        let remote = Caller(Principal(.token(id: "t"), name: "ops", role: .operator), origin: "127.0.0.1")
        let status: StatusDocument = try await api.answer(APIRequest(.get, ["status"]), from: remote).decoded()
        #expect(status.presets.count == 100 && status.morePresets == 9_900)
        #expect(status.presets.contains { $0.name == "preset-1" }, "unhealthy pools come first")
        #expect(status.compactJSON.utf8.count < 150_000, "\(status.compactJSON.utf8.count)")
        let request = APIRequest(.get, ["status"], query: ["limit": "1000"])
        let long: StatusDocument = try await api.answer(request, from: remote).decoded()
        #expect(long.presets.count == 1000 && long.compactJSON.utf8.count < 1_500_000)
        let local: StatusDocument = try await api.answer(APIRequest(.get, ["status"]), from: Caller(user: "ada"))
            .decoded()
        #expect(local.presets.count == 10_000)
    }

    @Test("The limit of revisions holds for all sources together, the newest first")
    func revisions() async throws {
        let journal = try await filled(1)
        try await journal.engine.store.write { store in
            try store.save(SourceRecord(name: "other", url: "u"))
            for second in [498, 501, 502] {
                try store.insert(
                    RevisionRecord(
                        source: "other", revision: .sample("b"), appliedAt: .at(Int64(second)), created: 0,
                        deleted: 0, cancelled: 0))
            }
        }
        let answer = try await API(engine: journal.engine).answer(
            APIRequest(.get, ["revisions"], query: ["limit": "3"]), from: Caller(user: "ada"))
        let revisions: [RevisionDocument] = try answer.decoded()
        #expect(revisions.map(\.source) == ["other", "other", "presets"])
    }

    @Test("The text of the pools is reused only while no pool can have changed")
    func cache() async throws {
        let journal = try await filled(200)
        let (engine, metrics) = (journal.engine, Metrics(version: "1", now: { .wall }))
        func eligible() async throws -> Substring? {
            samples(String(decoding: try await metrics.render(engine), as: UTF8.self), of: "prewarm_preset_instances")
                .first { $0.contains(#"preset="preset-0",state="eligible""#) }?.split(separator: " ").last
        }
        try await engine.store.write { store in
            var record = try store.source("presets") ?? SourceRecord(name: "presets", url: "u")
            record.quietUntil = .distantFuture
            try store.save(record)
        }
        #expect(try await eligible() == "2")
        // This write leaves no event and no mark, which prewarm itself never does. It shows that the pools are not read.
        try await engine.store.write { _ = try $0.move([WorkspaceID("w0-0")], from: [.ready], to: .lost) }
        #expect(try await eligible() == "2")
        try await engine.store.write { try $0.markDirty(source: "presets") }
        #expect(try await eligible() == "1", "the pools are read if a source waits for a reconciliation")
        try await engine.store.write { store in
            var record = try store.source("presets") ?? SourceRecord(name: "presets", url: "u")
            record.quietUntil = .distantFuture
            try store.save(record)
            try store.append([.preset("preset-0", "AtDesired")])
        }
        #expect(try await eligible() == "1", "the pools are read if there is a new event")
        _ = try await engine.claim("preset-0", owner: "ada")
        #expect(try await eligible() == nil, "a claim is visible at once")
    }

    @Test("Label sets beyond the limit share one series, so that memory stays bounded")
    func bounded() {
        let counter = Counter(.claims, limit: 10)
        for number in 0..<1000 { counter.add(["s", "preset-\(number)", "hit"]) }
        counter.add(["s", "preset-3", "hit"])
        var text = PrometheusText()
        counter.write(to: &text)
        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 11)
        #expect(lines.contains(#"prewarm_claims_total{source="_other",preset="_other",result="_other"} 990"#))
        #expect(lines.contains(#"prewarm_claims_total{source="s",preset="preset-3",result="hit"} 2"#))
    }

    @Test("Counting from many threads loses no event")
    func concurrent() async {
        let metrics = Metrics(version: "1", now: { .wall })
        let key = PresetKey(source: "s", name: "p")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { metrics.claim(preset: key, result: .hit, duration: .milliseconds(1)) }
                }
            }
        }
        let text = String(decoding: metrics.render(MetricsState(now: .at(0)), pools: [], held: [:]), as: UTF8.self)
        #expect(text.contains(#"prewarm_claims_total{source="s",preset="p",result="hit"} 8000"#))
        #expect(text.contains(#"prewarm_claim_duration_seconds_count 8000"#))
    }
}
