import Foundation
import PrewarmCommands
import PrewarmCore
import PrewarmEngine
import PrewarmServer
import PrewarmTelemetry
import Testing

/// The reference pages are the ones that the program generates.
@Suite("Generated pages of the reference") struct ReferenceTests {
    private static func check(_ page: ReferencePage) throws {
        if ProcessInfo.processInfo.environment["PREWARM_UPDATE_GOLDEN"] == "1" { try page.write() }
        let isUpToDate = page.stored == page.text
        #expect(
            isUpToDate,
            "\(page.name).md is stale. To rewrite it: PREWARM_UPDATE_GOLDEN=1 Tests/run.sh --filter ReferenceTests")
    }

    @Test("ReferenceCommands shows the commands")
    func commands() async throws { try Self.check(await CommandsPage.make()) }

    @Test("ReferenceManifests shows the schemas of presets and templates")
    func manifests() throws { try Self.check(SchemaPage.manifests()) }

    @Test("ReferenceConfiguration shows the schema of the configuration")
    func configuration() throws { try Self.check(SchemaPage.configuration()) }

    @Test("ReferenceEvents shows the reasons of events, conditions and actions")
    func events() throws { try Self.check(TypePages.events) }

    @Test("ReferenceMetrics shows the metrics")
    func metrics() throws { try Self.check(TypePages.metrics) }

    @Test("ReferenceExitCodes shows the exit codes")
    func exitCodes() throws { try Self.check(TypePages.exitCodes) }

    @Test("Scripts rely on the exit codes, so no number changes")
    func exitCodeNumbers() {
        let codes = Dictionary(uniqueKeysWithValues: ExitStatus.allCases.map { ("\($0)", $0.rawValue) })
        #expect(
            codes == [
                "success": 0, "failure": 1, "hasChanges": 2, "nothingReady": 3, "leaseLost": 4, "approvalNeeded": 5,
                "usage": 64, "invalid": 65, "unreachable": 69, "notConverged": 75, "unauthorized": 77,
                "interrupted": 130, "terminated": 143,
            ])
    }

    @Test("Each reason has a meaning")
    func meanings() {
        for reason in EventReason.allCases { #expect(reason.meaning.hasSuffix("."), "\(reason)") }
        for reason in ConditionReason.allCases { #expect(reason.meaning.hasSuffix("."), "\(reason)") }
        for kind in Condition.Kind.allCases {
            #expect(ConditionReason.allCases.contains { $0.condition == kind }, "\(kind)")
        }
    }

    @Test("The list of metrics has each descriptor of the source")
    func everyMetric() throws {
        let file = ReferencePage.root.appending(path: "Sources/PrewarmTelemetry/Metrics/MetricDescriptor.swift")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(
            Set(MetricDescriptor.all.map(\.name))
                == Set(text.matches(of: /"(prewarm_[a-z_]+)"/).map { String($0.output.1) }))
    }
}
