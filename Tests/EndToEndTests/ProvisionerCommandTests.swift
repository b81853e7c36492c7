import Foundation
import PodmanSupport
import Subprocess
import SystemPackage
import Testing

@Suite("prewarm provisioner test")
struct ProvisionerCommandTests {
    /// The output of a test of provisioners.
    private func results(_ result: Sandbox.Result) throws -> [String: String] {
        let findings = try result.json()["findings"]?.list ?? []
        return Dictionary(
            findings.compactMap { finding in
                guard let check = finding["check"]?.string, let result = finding["result"]?.string else { return nil }
                return (check, result)
            }
        ) { first, _ in first }
    }

    @Test("The provisioner that `prewarm init` writes conforms, and nothing is left")
    func starter() async throws {
        let sandbox = try await Sandbox()
        try sandbox.remove("prewarm.yaml")
        try sandbox.remove("provision")
        #expect(try await sandbox.prewarm("init").code == 0)
        let json = try await sandbox.prewarm("provisioner", "test", "--path", "presets", "--output", "json")
        #expect(json.code == 0, "\(json)")
        let results = try results(json)
        #expect(
            results.count == 24 && !results.values.contains("fail") && !results.values.contains("warn"), "\(results)")
        #expect(results["create-invalid"] == "skip" && results["claim"] == "pass", "\(results)")
        let left = try FileManager.default.contentsOfDirectory(atPath: sandbox.root.appending(path: "workspaces").path)
        #expect(left.isEmpty && sandbox.bytes("prewarm.db") == nil, "\(left)")
    }

    @Test("The example provisioner conforms with its presets and its template, from a repository")
    func example() async throws {
        let examples = GuidePage.root.appending(path: "examples")
        func text(_ path: String) throws -> String {
            try String(contentsOf: examples.appending(path: path), encoding: .utf8)
        }
        let sandbox = try await Sandbox(
            configuration: try text("prewarm.yaml").replacing("url: presets", with: "url: repo\n    path: presets"))
        try sandbox.write("provision", try text("provisioner/provision"), isExecutable: true)
        for name in ["greeter", "greeter-en", "greeter-de"] {
            try await sandbox.commit(["\(name).yaml": try text("repository/\(name).yaml")])
        }
        try FileManager.default.copyItem(
            at: examples.appending(path: "project"), to: sandbox.root.appending(path: "project"))
        let project = try await Subprocess.run(
            .name("bash"),
            arguments: [
                "-euc",
                "cd project; git init -q; git add .; git -c user.name=Ada -c user.email=ada@example.org "
                    + "-c commit.gpgsign=false commit -q -m Greet; git tag v1.0.0",
            ], workingDirectory: FilePath(sandbox.root.path), output: .discarded, error: .string(limit: 1 << 20))
        #expect(project.terminationStatus.isSuccess, "\(project.standardError)")
        for definition in [["--preset", "greeter-de"], ["--template", "greeter", "--set", "language=fr"]] {
            let test = try await sandbox.prewarm(["provisioner", "test", "local", "-o", "json"] + definition)
            let results = try results(test)
            #expect(test.code == 0 && Set(results.values) == ["pass"], "\(test)")
            #expect(try test.json()["version"]?.string == "1.0.0")
        }
    }

    @Test("A broken provisioner fails with the finding, the rule and the next step")
    func broken() async throws {
        let sandbox = try await Sandbox()
        let script = Sandbox.provisioner.replacing(
            "delete) rm -rf \"instances/$PREWARM_WORKSPACE_ID\" ;;",
            with: "delete) rm -r \"instances/$PREWARM_WORKSPACE_ID\" ;;")
        try sandbox.write("provision", script, isExecutable: true)
        let test = try await sandbox.prewarm("provisioner", "test", "--template-version", "1.0")
        #expect(test.code == 1, "\(test)")
        #expect(
            test.out.contains("✗ delete-unknown     `delete` of a workspace that does not exist: exit code 1: "),
            "\(test.out)")
        #expect(test.out.contains("expected: `delete` of a workspace that does not exist succeeds."), "\(test.out)")
        #expect(test.out.contains("hint: Exit with 0 if the workspace does not exist."), "\(test.out)")
        #expect(test.out.contains("✔ create "), "\(test.out)")
        #expect(test.lastLine.hasPrefix("✗ local does not conform to the protocol: "), "\(test.err)")
        #expect(sandbox.instances.isEmpty)
    }

    @Test("Parameters, secrets and claim parameters reach the provisioner")
    func values() async throws {
        let sandbox = try await Sandbox.handingOverSandbox(Sandbox.handover([("go", 1, "  parameters: {size: 3}")]))
        let test = try await sandbox.prewarm(
            "provisioner", "test", "--preset", "go", "--set", "size=4", "--owner", "ada", "--param", "act=brief",
            "--secret-file", "token=token", "--invalid", "size=-1")
        #expect(test.code == 0 && test.out.contains("handed over to ada with act, token"), "\(test)")
        #expect(sandbox.ledger.contains { $0.hasPrefix("claim ") })
        #expect(sandbox.leaks().isEmpty && !(test.out + test.err).contains(Sandbox.secret), "\(test)")
        let refused = try await sandbox.prewarm(
            "provisioner", "test", "--preset", "go", "--param", "act=A", "--secret-file", "token=token")
        #expect(refused.code == 64 && refused.err.contains("the claim parameter \"act\""), "\(refused)")
    }

    @Test("A signal ends the test and deletes its workspaces", arguments: [("TERM", Int32(143)), ("INT", 130)])
    func interrupted(signal: String, code: Int32) async throws {
        let sandbox = try await Sandbox(
            configuration: Sandbox.configuration.replacing("[create, delete]", with: "[create, delete, claim]"))
        let slow = Sandbox.provisioner.replacing(
            "case $1 in\n", with: "case $1 in\nclaim) touch started; sleep 604 ;;\n")
        try sandbox.write("provision", slow, isExecutable: true)
        let test = try await sandbox.prewarm(
            "provisioner", "test", "--template-version", "1.0", endedBy: signal, once: "[ -e started ]")
        #expect(test.code == code, "\(test)")
        #expect(test.err.contains("✔ deleted 1 workspace of the test"), "\(test.err)")
        #expect(test.err.hasSuffix("error: interrupted; the test did not end\n"), "\(test.err)")
        #expect(sandbox.instances.isEmpty && sandbox.ledger.contains { $0.hasPrefix("create ") })
    }

    @Test("A definition or a provisioner that does not exist is refused with a hint")
    func refusals() async throws {
        let sandbox = try await Sandbox()
        try await sandbox.commit(["a.yaml": Sandbox.preset("go-small", instances: 1)])
        for (arguments, code, words, hint) in [
            (["locl"], Int32(1), "cannot find the provisioner \"locl\"", "did you mean \"local\"?"),
            (["--preset", "go-smal"], 1, "cannot find the preset \"go-smal\"", "did you mean \"go-small\"?"),
            (["--template", "go"], 1, "cannot find the template \"go\"", "prewarm validate"),
            (["--set", "cpu"], 64, "invalid --set \"cpu\": it must be NAME=VALUE", "Usage:"),
            (["--preset", "a", "--template", "b"], 64, "cannot use --preset a with --template b", "Usage:"),
            (["--server", "http://127.0.0.1:1"], 64, "`prewarm provisioner test` runs on this machine", "Usage:"),
        ] {
            let result = try await sandbox.prewarm(["provisioner", "test"] + arguments)
            #expect(result.code == code && result.err.contains(words) && result.err.contains(hint), "\(result)")
            #expect(result.out.isEmpty && sandbox.ledger.isEmpty)
        }
    }

    @Test(
        "The provisioner of containers conforms",
        .enabled(if: PodmanService.isWanted, "Podman is not installed"))
    func containers() async throws {
        let socket = try await PodmanService.shared.socket()
        let name = "e2e-\(UUID().uuidString.prefix(8).lowercased())"
        let sandbox = try await Sandbox(
            configuration: """
                apiVersion: prewarm/v1
                kind: Config
                sources:
                  - {name: presets, url: "file://ROOT/repo", ref: {branch: main}, path: presets}
                provisioners:
                  - name: \(name)
                    grace: 0s
                    container:
                      socket: \(socket)
                      image: localhost/prewarm-test:{version}
                      pull: Never
                      command: [httpd, -f, -p, "8080", -h, /www]
                      ports: [8080]
                      endpoint: http://127.0.0.1:{ports.8080}/
                      readiness: {http: {port: 8080}, timeout: 4m}
                """)
        try await sandbox.commit(["a.yaml": Sandbox.preset("go", instances: 1, version: "1")])
        var test = try await sandbox.prewarm("provisioner", "test", "--preset", "go", "-o", "json")
        // On a busy machine the engine may not answer in time. Another try is then right for an operator, too.
        for _ in 0..<5 where test.out.contains("did not answer") {
            test = try await sandbox.prewarm("provisioner", "test", "--preset", "go", "-o", "json")
        }
        let results = try results(test)
        #expect(test.code == 0 && !results.values.contains("warn"), "\(test)")
        #expect(results["create"] == "pass" && results["create-invalid"] == "pass", "\(results)")
        let left = try await PodmanService.shared.podman(
            "ps", "--all", "--filter", "label=prewarm.provisioner=\(name)", "--format", "{{.Names}}")
        #expect(left.isEmpty, "\(left)")
    }
}
