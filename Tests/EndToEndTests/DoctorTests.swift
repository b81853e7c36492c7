import Foundation
import Testing

@Suite("prewarm doctor")
struct DoctorTests {
    private static let listing = """
        #!/bin/sh
        cat > /dev/null
        echo '{"workspaces": [{"id": "a"}]}'
        """

    @Test("A path that is not in the repository is reported", arguments: ["path: preset", "paths: [presets, more]"])
    func wrongPath(line: String) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("path: presets", with: line))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let doctor = try await sandbox.prewarm("doctor")
        let isWarning = line.hasPrefix("paths")
        #expect(doctor.code == (isWarning ? 0 : 1), "\(doctor)")
        #expect(doctor.out.contains("\(isWarning ? "!" : "✗") source presets"), "\(doctor)")
        #expect(
            doctor.out.contains(/is at main@sha1:[0-9a-f]{8}, but/)
                && doctor.out.contains(isWarning ? "more" : "preset"))
        #expect(doctor.out.contains("hint: check `"), "\(doctor)")
        #expect(doctor.out.contains("SHA-1") != isWarning, "the limit of the git library is shown: \(doctor)")
    }

    @Test("A healthy setup passes all checks without the limits of the git library")
    func healthy() async throws {
        let sandbox = try await Sandbox(configuration: Sandbox.configuration(operations: "create, delete, list"))
        try sandbox.write("provision", Self.listing, isExecutable: true)
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let text = try await sandbox.prewarm("doctor")
        #expect(text.code == 0, "\(text)")
        for words in [
            "✔ configuration", "✔ store", "is at main@sha1:", "lists 1 workspace", "✔ timezones",
        ] {
            #expect(text.out.contains(words), "\(words): \(text.out)")
        }
        #expect(!text.out.contains("SHA-1"), "\(text.out)")
        let report = try await sandbox.prewarm("doctor", "-o", "json").json()
        #expect(
            report["checks"]?.list.map { $0["kind"]?.string } == [
                "configuration", "store", "source", "provisioner", "timezones",
            ])
        #expect(report["checks"]?.list.allSatisfy { $0["verdict"]?.string == "ok" } == true)
        #expect(report["git"]?["library"]?.string?.hasPrefix("libgit2 ") == true)
        #expect(report["git"]?["limits"]?.list.isEmpty == false)
        #expect(sandbox.instances.isEmpty, "nothing is done")
    }

    @Test("Each failed check has a cause and a hint, and the exit code is 1")
    func broken() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("file://ROOT/repo", with: "file://ROOT/nothing")
                .replacing(
                    "provisioners:",
                    with: """
                          - {name: signed, url: repo, verify: {mode: ssh, allowedSigners: missing}}
                          - {name: closed, url: "https://127.0.0.1:1/a.git"}
                        provisioners:
                          - {name: gone, command: [./gone]}
                          - {name: failing, command: [/bin/false], operations: [create, delete, list]}
                        """))
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        let report = try await sandbox.prewarm("doctor", "-o", "json")
        #expect(report.code == 1)
        let checks = try report.json()["checks"]?.list ?? []
        func messages(_ name: String, _ verdict: String) -> [String] {
            checks.filter { $0["name"]?.string == name && $0["verdict"]?.string == verdict }
                .compactMap { $0["message"]?.string }
        }
        #expect(messages("presets", "failed").first?.contains("cannot find a git repository at") == true)
        #expect(messages("signed", "ok").count == 1)
        #expect(messages("signed", "failed").first?.contains("cannot read the allowed signers file") == true)
        #expect(messages("closed", "failed").first?.contains("cannot connect to 127.0.0.1:1") == true)
        let gone = messages("gone", "failed").first ?? ""
        #expect(gone.contains("does not exist") && !gone.contains("/./"), "\(gone)")
        #expect(messages("failing", "failed").first?.contains("exit code 1") == true)
        #expect(messages("local", "ok").count == 1)
        let text = try await sandbox.prewarm("doctor")
        #expect(text.code == 1 && text.out.contains("✗ source presets") && text.out.contains("hint: "), "\(text.out)")
    }

    @Test("Errors of the configuration have a place, and a missing configuration is reported")
    func configuration() async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("timeout: 20s", with: "timeout: soon"))
        let result = try await sandbox.prewarm("doctor")
        #expect(result.code == 1 && result.out.contains("prewarm.yaml:14:14"), "\(result.out)")
        try sandbox.remove("prewarm.yaml")
        let none = try await sandbox.prewarm("doctor", "-o", "json")
        #expect(none.code == 1)
        #expect(try none.json()["checks"]?[0]?["message"]?.string?.contains("cannot find a configuration") == true)
    }

    @Test("An unusable store is reported")
    func store() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("a", instances: 1)])
        try sandbox.write("prewarm.db", "this is no database, it is a text of some length that SQLite refuses")
        let result = try await sandbox.prewarm("doctor")
        #expect(
            result.code == 1 && result.out.contains("✗ store") && result.out.contains("prewarm.db"), "\(result.out)")
        #expect(result.out.contains("✔ source presets"), "the other checks run")
    }
}
