import PrewarmCore
import PrewarmEngine
import Testing

@testable import PrewarmProvisioners

/// Values of manifests in each place of the operator's configuration.
@Suite("Values of placeholders")
struct PlaceholderValueTests {
    private static func plan(
        _ spec: ContainerSpec, _ parameters: [String: ParameterValue] = [:], version: String = "1.0",
        secrets: [String: String] = [:]
    ) throws(OperationFailure) -> ContainerPlan {
        let workspace = WorkspaceSpec(template: "go", version: version, provisioner: "docker", parameters: parameters)
        let request = ProvisionerRequest(
            id: OperationID("op"), operation: .create, attempt: 1,
            workspace: Workspace(
                id: WorkspaceID("01hzy3v7k8a9b0c1d2e3f4g5h6"), preset: PresetKey(source: "s", name: "go"),
                spec: workspace, fingerprint: workspace.fingerprint, state: .creating,
                createdAt: Timestamp(milliseconds: 0)),
            secrets: secrets)
        return try ContainerPlan(
            spec, request,
            PlaceholderValues(provisioner: "docker", workspace: request.workspace, secrets: secrets))
    }

    private static func failure(_ spec: ContainerSpec, _ value: ParameterValue) -> String? {
        do throws(OperationFailure) {
            _ = try plan(spec, ["x": value])
            return nil
        } catch {
            return error.text
        }
    }

    private static let hostile = [
        "", "a b", "../x", "/etc", "a/b", "evil.example.org/x", "a:b", "a@sha256:0", "a,readonly=false", "a;b", "$(id)",
        "`id`", "a\nb", "a\u{0}b", "\"", "'", "a&b", "a|b", "{version}", "é", "a\u{202e}b", ".hidden", "-rf",
        String(repeating: "a", count: 129),
    ]

    private static let namePlaces: [(key: String, spec: ContainerSpec)] = [
        ("image", spec(image: "registry.example.org/{parameters.x}:1")),
        ("image", spec(image: "registry.example.org/dev:{parameters.x}")),
        ("mounts.volume", spec { $0.mounts = [ContainerSpec.Mount(.volume("v-{parameters.x}"), target: "/v")] }),
        ("mounts.bind", spec { $0.mounts = [ContainerSpec.Mount(.bind("/srv/{parameters.x}"), target: "/v")] }),
        ("memory", spec { $0.memory = "{parameters.x}" }), ("cpus", spec { $0.cpus = "{parameters.x}" }),
    ]

    @Test("A value cannot add another part to a name, a path or a number", arguments: hostile)
    func names(value: String) throws {
        for (key, spec) in Self.namePlaces {
            let message = try #require(Self.failure(spec, .string(value)), "\(key): \(value)")
            #expect(message.contains("the parameter x in `\(key)` of provisioner docker"), "\(message)")
            #expect(message.hasSuffix("Change the parameter x in the manifest."), "\(message)")
            #expect(!message.contains("\n") && !message.contains("\u{202e}"))
        }
    }

    @Test(
        "A value cannot add another argument, option or command",
        arguments: [
            "a b", "-rf", "--upload-pack=x", "$(id)", "`id`", "a;b", "a&b", "a|b", "a>b", "a\nb", "'", "\"", "\\", "*",
            "?", "~", "!", "#", "(", "{x}", "\u{0}", "\u{1b}[31m",
        ])
    func arguments(value: String) {
        for command in ["{parameters.x}", "git clone {parameters.x}"] as [PlaceholderText] {
            // Behind other text, a hyphen begins no argument of its own.
            if value.hasPrefix("-"), command != "{parameters.x}" { continue }
            let message = Self.failure(spec { $0.command = ["sh", "-c", command] }, .string(value))
            #expect(message?.contains("the parameter x in `command` of provisioner docker") == true, "\(message ?? "")")
        }
        #expect(Self.failure(spec { $0.labels = ["a": "{parameters.x}"] }, .string(value)) != nil)
        #expect(Self.failure(spec { $0.entrypoint = ["{parameters.x}"] }, .string(value)) != nil)
    }

    @Test("A variable may have any value but one with a NUL character")
    func environment() throws {
        for value in Self.hostile where !value.contains("\u{0}") {
            let plan = try Self.plan(spec { $0.environment = ["X": "{parameters.x}"] }, ["x": .string(value)])
            #expect(plan.document.list("Env").map(\.string) == ["X=\(value)"])
        }
        let message = Self.failure(spec { $0.environment = ["X": "{parameters.x}"] }, .string("a\u{0}b"))
        #expect(message?.contains("it must have at most 65536 bytes and no NUL characters") == true)
    }

    @Test("A version with characters that an image cannot have is refused")
    func version() throws {
        #expect(throws: OperationFailure.self) {
            try Self.plan(spec(image: "localhost/dev:{version}"), version: "1.0/../../evil")
        }
        #expect(throws: OperationFailure.self) {
            try Self.plan(spec(image: "localhost/dev:{version}"), version: "a@b:c")
        }
        #expect(
            try Self.plan(spec(image: "localhost/dev:{version}"), version: "2026-11.1").image.text
                == "localhost/dev:2026-11.1")
    }

    @Test("A secret is only allowed in a variable, and its value is in no message")
    func secrets() throws {
        let allowed = spec { $0.environment = ["X": "a{parameters.x}"] }
        let plan = try Self.plan(allowed, ["x": .secret("TOKEN")], secrets: ["TOKEN": "correct horse"])
        #expect(plan.document.list("Env").map(\.string) == ["X=acorrect horse"])
        for (key, spec) in Self.namePlaces {
            do throws(OperationFailure) {
                _ = try Self.plan(spec, ["x": .secret("TOKEN")], secrets: ["TOKEN": "correct-horse"])
                Issue.record("\(key) accepts a secret")
            } catch {
                #expect(error.text.contains("it is a secret, and secrets are only allowed in `environment`"))
                #expect(!error.text.contains("correct-horse"))
            }
        }
        #expect(
            Self.failure(allowed, .secret("TOKEN")) == "the secret TOKEN of parameter x is not configured. "
                + "Add TOKEN to `secrets` in the configuration.")
    }

    @Test("A parameter that the preset lacks is named with the place that needs it")
    func missing() throws {
        do throws(OperationFailure) {
            _ = try Self.plan(spec { $0.cpus = "{parameters.cores}" })
            Issue.record("no error")
        } catch {
            #expect(error.message == "the workspace has no parameter cores, which `cpus` of provisioner docker uses")
        }
    }

    @Test("Limits are numbers in their range", arguments: ["0", "-1", "nan", "inf", "1e9", "0x10", "1.5.2", "abc"])
    func limits(value: String) {
        #expect(Self.failure(spec { $0.cpus = "{parameters.x}" }, .string(value)) != nil)
        #expect(Self.failure(spec { $0.memory = "{parameters.x}GiB" }, .string(value)) != nil)
    }

    @Test("The document of a container has nothing that the configuration does not say")
    func document() throws {
        let plan = try Self.plan(
            spec {
                $0.ports = [
                    ContainerSpec.Port(PublishedPort(22)),
                    ContainerSpec.Port(PublishedPort(53, isUDP: true), address: "::1"),
                ]
                $0.cpus = "1.5"
                $0.memory = "1GiB"
                $0.network = "dev"
            })
        #expect(
            plan.document["HostConfig"]?.compactJSON
                == #"{"PortBindings":{"22/tcp":[{"HostIp":"127.0.0.1","HostPort":""}],"#
                + #""53/udp":[{"HostIp":"::1","HostPort":""}]},"Memory":1073741824,"NanoCpus":1500000000,"#
                + #""NetworkMode":"dev"}"#)
    }

    @Test(
        "The tag of an image is found",
        arguments: [
            ("debian", "debian", "latest"), ("debian:12", "debian", "12"), ("host:5000/a", "host:5000/a", "latest"),
            ("host:5000/a:1", "host:5000/a", "1"), ("a@sha256:00", "a", "sha256:00"),
        ])
    func image(name: String, repository: String, tag: String) {
        #expect(ImageName(name).repository == repository && ImageName(name).tag == tag)
    }
}
