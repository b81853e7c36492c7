import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The conformance test of provisioners")
struct ConformanceTests {
    @Test("A script with one mistake gets exactly the finding about it", arguments: ConformanceMistake.all)
    func mistake(_ mistake: ConformanceMistake) async throws {
        let workshop = Workshop()
        let script = ConformanceScript.replacing(mistake.text, by: mistake.replacement)
        let findings = try await workshop.findings(script, grace: mistake.grace, timeout: mistake.timeout)
        let checks = findings.map(\.check)
        #expect(Set(checks) == Set(ConformanceCheck.allCases) && checks.count == ConformanceCheck.allCases.count)
        // On a busy machine, the helpers of a script end later than its call.
        let bad = findings.filter {
            ($0.result == .warning || $0.result == .failed) && ($0.check != .background || mistake.check == .background)
        }
        #expect(bad.map(\.check) == [mistake.check], "\(bad)")
        #expect(bad.first?.result == mistake.result && bad.first?.message.contains(mistake.words) == true, "\(bad)")
        #expect(bad.first?.hint?.isEmpty == false)
    }

    @Test("Each check that calls the script has a script that it fails for")
    func everyCheck() {
        let covered = Set(ConformanceMistake.all.map(\.check))
        #expect(Set(ConformanceCheck.allCases).subtracting(covered) == [.command])
    }

    @Test("The guide lists each check by its name")
    func guide() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/prewarm/Documentation.docc/WriteAProvisioner.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        for check in ConformanceCheck.allCases { #expect(text.contains("\n| `\(check.rawValue)` | "), "\(check)") }
    }

    @Test("A script that follows the protocol passes all checks, and nothing is left")
    func good() async throws {
        let workshop = Workshop()
        let findings = try await workshop.findings(ConformanceScript.good)
        #expect(findings.allSatisfy { $0.result == .passed }, "\(findings.filter { $0.result != .passed })")
        #expect(findings.count == ConformanceCheck.allCases.count)
        #expect(workshop.workspaces.isEmpty, "\(workshop.workspaces)")
        let request = try #require(workshop.read("claim.request"))
        #expect(request.contains("\"owner\":\"ada\"") && request.contains("\"branch\":\"main\""), "\(request)")
    }

    @Test("Without optional operations their checks are skipped")
    func required() async throws {
        let findings = try await Workshop().findings(ConformanceScript.good, operations: [.create, .delete])
        let skipped = findings.filter { $0.result == .skipped }.map(\.check)
        let expected: Set<ConformanceCheck> = [
            .list, .inspectUnknown, .listCreated, .listStore, .inspectCreated, .claim, .claimAgain, .claimCredentials,
            .listClaimed, .listDeleted, .inspectDeleted,
        ]
        #expect(Set(skipped) == expected)
        #expect(findings.allSatisfy { $0.result == .passed || $0.result == .skipped }, "\(findings)")
    }

    @Test("A workspace that starts slowly is inspected until it is ready")
    func starting() async throws {
        let script = ConformanceScript.replacing(
            "echo \"{\\\"endpoint\\\": \\\"dir:$id\\\"}\"",
            by: "echo \"{\\\"state\\\": \\\"starting\\\", \\\"endpoint\\\": \\\"dir:$id\\\"}\"")
        let findings = try await Workshop().findings(script)
        #expect(findings.allSatisfy { $0.result == .passed }, "\(findings.filter { $0.result != .passed })")
        let without = try await Workshop().findings(script, operations: [.create, .delete])
        let create = try #require(without.first { $0.check == .create })
        #expect(create.result == .failed && create.message.contains("does not offer `inspect`"), "\(create)")
    }

    @Test("A command that does not exist fails the first check, and the others are skipped")
    func missing() async throws {
        let settings = CommandSettings(name: "local", command: ["/nowhere/provision"], operations: [.create, .delete])
        let findings = Box<[ConformanceFinding]>([])
        var generator = SystemRandomNumberGenerator()
        let test = ConformanceTest(
            CommandProvisioner(settings), Workshop.subject, calls: CommandCalls(),
            identifiers: IdentifierFactory(now: Timestamp(seconds: 1), using: &generator),
            now: { Timestamp(seconds: 1) }
        ) { finding in findings.value += [finding] }
        try await test.run()
        let failed = findings.value.filter { $0.result != .skipped }
        #expect(failed.map(\.check) == [.command] && failed.first?.result == .failed, "\(failed)")
        #expect(findings.value.count == ConformanceCheck.allCases.count)
    }

    @Test("A canceled test deletes its workspaces")
    func canceled() async throws {
        let workshop = Workshop()
        let script = ConformanceScript.replacing("claim)\n", by: "claim)\n: >claiming; sleep 1000\n")
        let (test, _) = try workshop.conformance(script)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await test.run() }
            try? await eventually { workshop.read("claiming") != nil }
            #expect(workshop.workspaces.count == 1)
            group.cancelAll()
        }
        let (deleted, left) = await test.cleanUp()
        #expect(deleted.count == 1 && left.isEmpty && workshop.workspaces.isEmpty)
    }

    @Test("A workspace that cannot be deleted is named with the cause")
    func left() async throws {
        let workshop = Workshop()
        let (test, _) = try workshop.conformance(
            ConformanceScript.replacing("delete)\n", by: "delete)\n[ ! -d \"$folder\" ] || fail 'it is locked'\n"))
        try await test.run()
        let (deleted, left) = await test.cleanUp()
        #expect(!left.isEmpty && left.allSatisfy { $0.cause.contains("it is locked") }, "\(left)")
        #expect(Set(left.map(\.workspace.id.rawValue)) == Set(workshop.workspaces) && deleted.isEmpty)
    }
}
