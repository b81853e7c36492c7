import Foundation
import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

@Suite("The request to a command")
struct RequestTests {
    let workshop = Workshop()
    static let dump = "echo \"$@\" > arguments; cat > in; env -0 > env"

    private func variables() -> [String: String] {
        var variables: [String: String] = [:]
        for line in (workshop.read("env") ?? "").split(separator: "\0") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = String(parts[1])
        }
        return variables
    }

    @Test("A request is a JSON object, variables, and the operation as last argument")
    func everything() async throws {
        let parameters: [String: ParameterValue] = [
            "cpu": .integer(8), "disk-size": .number(1.5), "region": .string("eu"), "spot": .boolean(true),
            "token": .secret("REGISTRY_TOKEN"),
        ]
        let reply = try await workshop.run(
            Self.dump,
            request(
                parameters: parameters, labels: ["team": "payments", "a": "b"], owner: "ann",
                secrets: ["REGISTRY_TOKEN": "s3cret"]))
        #expect(reply.outcome == .ready)
        #expect(workshop.read("arguments") == "create\n")
        let expected = """
            {"protocol":"prewarm-provisioner/v1","operation":"create","id":"01hzy3v7k8zzzzzzzzzzzzzzzz","attempt":2,\
            "workspace":{"id":"01hzy3v7k8a9b0c1d2e3f4g5h6","name":"go-large-e3f4g5h6","preset":"go-large",\
            "template":"go-dev","version":"1.4.2","parameters":{"cpu":8,"disk-size":1.5,"region":"eu","spot":true,\
            "token":"s3cret"},"labels":{"a":"b","team":"payments"},"owner":"ann"}}

            """
        #expect(workshop.read("in") == expected)
        let variables = variables()
        let own = variables.filter { $0.key.hasPrefix("PREWARM_") }
        #expect(
            own == [
                "PREWARM_OPERATION": "create", "PREWARM_OPERATION_ID": "01hzy3v7k8zzzzzzzzzzzzzzzz",
                "PREWARM_ATTEMPT": "2", "PREWARM_WORKSPACE_ID": "01hzy3v7k8a9b0c1d2e3f4g5h6",
                "PREWARM_WORKSPACE_NAME": "go-large-e3f4g5h6", "PREWARM_PRESET": "go-large",
                "PREWARM_TEMPLATE": "go-dev", "PREWARM_VERSION": "1.4.2", "PREWARM_OWNER": "ann",
                "PREWARM_PARAM_CPU": "8", "PREWARM_PARAM_DISK_SIZE": "1.5", "PREWARM_PARAM_REGION": "eu",
                "PREWARM_PARAM_SPOT": "true", "PREWARM_PARAM_TOKEN": "s3cret",
            ])
    }

    @Test(
        "Every value reaches the command unchanged and is not executed",
        arguments: [
            "", " ", "a\nb\r\n\tc", #"it's "quoted" \ and more"#, "$(touch reboot)", "`touch reboot`; touch reboot",
            "ünïcödé 😀 e\u{301}", "\u{1}\u{1f}\u{7f}\u{2028}", "--help", "=a=b", String(repeating: "x", count: 100_000),
        ])
    func values(_ value: String) async throws {
        let reply = try await workshop.run(
            Self.dump, request(parameters: ["a-b": .string(value)], labels: ["l": value]))
        #expect(reply.outcome == .ready)
        #expect(variables()["PREWARM_PARAM_A_B"] == value)
        let json = try JSONSerialization.jsonObject(with: Data((workshop.read("in") ?? "").utf8)) as? [String: Any]
        let workspace = json?["workspace"] as? [String: Any]
        #expect((workspace?["parameters"] as? [String: String])?["a-b"] == value)
        #expect((workspace?["labels"] as? [String: String])?["l"] == value)
        #expect(workshop.read("reboot") == nil)
    }

    @Test(
        "A request that cannot be sent is refused, and the command is not run",
        arguments: [
            (request(parameters: ["p": .string("a\0b")]), "the parameter p contains a NUL character"),
            (request(owner: "a\0"), "PREWARM_OWNER would contain a NUL character"),
            (
                request(parameters: ["token": .secret("TOKEN")], secrets: ["OTHER": "x"]),
                "the secret TOKEN of parameter token is not configured"
            ),
            (
                request(parameters: ["a-b": .integer(1), "a_b": .integer(2)]),
                "the parameters a-b and a_b both become PREWARM_PARAM_A_B"
            ),
        ])
    func refusals(_ request: ProvisionerRequest, _ expected: String) async throws {
        let reply = try await workshop.run("touch ran", request)
        #expect(reply.outcome.failure?.hasPrefix(expected) == true)
        #expect(workshop.read("ran") == nil)
    }

    @Test(
        "A request to delete or inspect leaves out a secret that is no longer configured",
        arguments: [ProvisionerOperation.delete, .inspect])
    func forgottenSecret(operation: ProvisionerOperation) async throws {
        let reply = try await workshop.run(
            Self.dump, request(operation, parameters: ["cpu": .integer(8), "token": .secret("GONE")]))
        #expect(reply.outcome == .ready)
        #expect(workshop.read("in")?.contains("\"parameters\":{\"cpu\":8}") == true)
        #expect(variables()["PREWARM_PARAM_TOKEN"] == nil)
    }

    @Test("A parameter that is too long for the system gives an error with the limits")
    func tooLong() async throws {
        let value = String(repeating: "x", count: 200_000)
        let failure = try await workshop.run("true", request(parameters: ["p": .string(value)])).outcome.failure
        #expect(failure?.contains("Argument list too long") == true)
        #expect(failure?.contains("128 KiB") == true)
    }

    @Test("A command inherits only the listed variables of prewarm")
    func inheritance() async throws {
        let own = [
            "PATH": "/usr/bin:/bin", "HOME": "/h", "LC_TIME": "C", "PREWARM_TOKEN": "t", "AWS_SECRET": "s",
            "AWS_PROFILE": "p", "SSH_AUTH_SOCK": "k", "TZ": "UTC",
        ]
        let provisioner = try workshop.provisioner(
            Self.dump, environment: ["TZ": "Europe/Berlin", "EXTRA": "1", "PREWARM_PRESET": "forged"], own: own,
            inherited: ["AWS_PROFILE"])
        #expect(await provisioner.perform(request()) { _ in }.outcome == .ready)
        var variables = variables().filter { !$0.key.hasPrefix("PREWARM_") || $0.key == "PREWARM_TOKEN" }
        for shellsOwn in ["PWD", "OLDPWD", "SHLVL", "_"] { variables[shellsOwn] = nil }
        #expect(
            variables == [
                "PATH": "/usr/bin:/bin", "HOME": "/h", "LC_TIME": "C", "AWS_PROFILE": "p", "TZ": "Europe/Berlin",
                "EXTRA": "1",
            ])
        #expect(self.variables()["PREWARM_PRESET"] == "go-large")
    }

    @Test(
        "A command does not have to read its input",
        arguments: ["exit 0", "exec <&-; exit 0", "read line; exec <&-; sleep 0.05; exit 0"])
    func unread(_ script: String) async throws {
        // The input is much larger than the buffer of a pipe.
        var labels: [String: String] = [:]
        for index in 0..<2000 { labels["label-\(index)"] = String(repeating: "v", count: 100) }
        #expect(try await workshop.run(script, request(labels: labels)).outcome == .ready)
    }

    @Test("An operation that the provisioner does not offer is refused")
    func notOffered() async throws {
        var settings = try workshop.provisioner("touch ran").settings
        settings.operations = [.create]
        let reply = await CommandProvisioner(settings).perform(request(.stop)) { _ in }
        #expect(reply.outcome == .failed("provisioner local does not offer stop"))
        #expect(workshop.read("ran") == nil)
    }
}
