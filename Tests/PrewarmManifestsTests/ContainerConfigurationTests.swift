import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Containers in the configuration")
struct ContainerConfigurationTests {
    private static func text(_ container: String, _ more: String = "") -> String {
        """
        apiVersion: prewarm/v1
        kind: Config
        sources:
          - {name: presets, url: ../presets}
        provisioners:
          - name: docker
            container:
        \(container.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))
        \(more)
        """
    }

    private static func parse(
        _ text: String, _ environment: [String: String] = [:]
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { environment[$0] }
    }

    private static func spec(_ container: String, _ environment: [String: String] = [:]) throws -> ContainerSpec {
        let (configuration, diagnostics) = parse(text(container), environment)
        #expect(diagnostics == [])
        return try #require(configuration?.provisioners.first?.container?.spec)
    }

    @Test("Every field of a container is read")
    func everything() throws {
        let (configuration, diagnostics) = Self.parse(
            Self.text(
                """
                socket: /run/podman/podman.sock
                image: registry.example.org/go:{version}
                pull: Never
                login: {username: ada, password: p}
                entrypoint: []
                command: [sleep, infinity]
                user: dev
                environment: {A: "{name}"}
                labels: {team: x}
                ports: [22, {port: 53, protocol: udp, address: 0.0.0.0}]
                endpoint: ssh://127.0.0.1:{ports.22}
                mounts: [{bind: /srv, target: /s, readOnly: true}, {volume: "v-{id}", target: /v}]
                memory: 1GiB
                cpus: 2
                network: dev
                readiness: {http: {port: 22, path: /health}, timeout: 90s}
                """, "    timeout: 20m"))
        #expect(diagnostics == [])
        let provisioner = try #require(configuration?.provisioners.first)
        #expect(provisioner.operations == ["create", "delete", "inspect", "list"] && provisioner.command.isEmpty)
        #expect(provisioner.timeout == .seconds(1200))
        let spec = try #require(provisioner.container?.spec)
        #expect(spec.socket == "/run/podman/podman.sock" && spec.pull == .never && spec.user == "dev")
        #expect(spec.image.placeholders == [.version] && spec.network == "dev")
        #expect(spec.login == ContainerSpec.Login(username: "ada", password: "p"))
        #expect(spec.entrypoint == [] && spec.command?.count == 2)
        #expect(spec.environment["A"]?.placeholders == [.name] && spec.labels.keys.first == "team")
        #expect(
            spec.ports == [
                ContainerSpec.Port(PublishedPort(22)),
                ContainerSpec.Port(PublishedPort(53, isUDP: true), address: "0.0.0.0"),
            ])
        #expect(spec.endpoint?.placeholders == [.port(PublishedPort(22))])
        #expect(spec.mounts.map(\.target) == ["/s", "/v"] && spec.mounts.map(\.isReadOnly) == [true, false])
        #expect(try spec.cpus == PlaceholderText("2.0") && spec.memory == PlaceholderText("1GiB"))
        #expect(spec.readiness.probe == .http(PublishedPort(22), path: "/health"))
        #expect(spec.readiness.timeout == .seconds(90))
    }

    @Test("A container without further keys takes the defaults of the schema")
    func defaults() throws {
        let spec = try Self.spec("image: debian")
        #expect(try spec == ContainerSpec(image: PlaceholderText("debian")))
        #expect(spec.pull == .ifNotPresent && spec.readiness.timeout == .seconds(60))
    }

    @Test(
        "A mistake is reported at its place",
        arguments: [
            (
                "image: go:{versoin}",
                "8:17 invalid image \"go:{versoin}\": unknown placeholder {versoin}: use one of {id}, {name}, {preset}, "
                    + "{version}, {parameters.NAME}, {ports.PORT}, or write {{ for the character {"
            ),
            (
                "image: \"{parameters.a b}\"",
                "8:14 invalid image \"{parameters.a b}\": unknown placeholder {parameters.a b}: use one of {id}, {name}, "
                    + "{preset}, {version}, {parameters.NAME}, {ports.PORT}, or write {{ for the character {"
            ),
            (
                "image: go:{version",
                "8:17 invalid image \"go:{version\": the closing } is missing: write {{ for the character {"
            ),
            ("image: go}", "8:16 invalid image \"go}\": the character } has no {: write }} for the character }"),
            (
                "image: \"{parameters.host}/go\"",
                "8:14 invalid image \"{parameters.host}/go\": the part before the first / selects the registry, so it "
                    + "cannot contain a placeholder"
            ),
            (
                "image: a\ncommand: [\"{ports.22}\"]\nports: [22]",
                "9:17 invalid command[0] \"{ports.22}\": the placeholder {ports.22} can only be used in endpoint"
            ),
            (
                "image: a\nendpoint: tcp://127.0.0.1:{ports.22}",
                "9:17 invalid endpoint: the container does not publish the port of {ports.22} | add 22 to ports"
            ),
            (
                "image: a\nendpoint: \"{ports.53/udp}\"\nports: [53]",
                "9:17 invalid endpoint: the container does not publish the port of {ports.53/udp} | "
                    + "add {port: 53, protocol: udp} to ports"
            ),
            (
                "image: a\nreadiness: {http: {port: 80}}",
                "9:32 invalid readiness: the container does not publish port 80 | add 80 to ports, or use exec or log"
            ),
            ("image: a\nports: [22, {port: 22}]", "9:19 duplicate port 22 | remove one of the two"),
            (
                "image: a\nports: [22]\nnetwork: none",
                "9:15 invalid ports: a container with the network none has no ports | remove ports, or choose another "
                    + "network"
            ),
            ("image: a\ncpus: 0", "9:13 invalid cpus: expected a number from 0.01 to 1024, found 0.0"),
            (
                "image: a\nmemory: 1MiB",
                "9:15 invalid memory \"1MiB\": expected at least 6MiB, which Docker requires"
            ),
            (
                "image: a\nlabels: {prewarm.store: x}",
                "9:16 invalid key \"prewarm.store\" in labels: labels that begin with prewarm. belong to prewarm"
            ),
            (
                "image: a\nreadiness: {log: x, exec: [y]}",
                "9:18 invalid readiness: expected at most one of http, port, exec, log, found exec and log | "
                    + "keep one of these keys and remove the others"
            ),
            (
                "image: a\nmounts: [{bind: srv, target: /a}]",
                "9:23 invalid bind \"srv\": expected an absolute path, for example /srv/cache"
            ),
            (
                "image: a\nmounts: [{volume: v, target: /a}, {volume: w, target: /a}]",
                "9:61 duplicate target \"/a\" | mount one folder or volume at each path"
            ),
        ])
    func mistakes(container: String, expected: String) {
        let (configuration, diagnostics) = Self.parse(Self.text(container))
        #expect(configuration == nil && diagnostics.map(\.brief) == [expected])
        #expect(diagnostics.allSatisfy { $0.file == "prewarm.yaml" && $0.excerpt != nil })
    }

    @Test("A provisioner has exactly one of a command, a container and Kubernetes objects")
    func eitherOr() {
        func problems(_ provisioner: String) -> [String] {
            Self.parse(configurationText("  - {name: b, \(provisioner)}")).diagnostics.map(\.brief)
        }
        #expect(
            problems("timeout: 1m") == [
                "8:5 invalid provisioner: expected exactly one of command, container, kubernetes, found none | add one of these keys"
            ])
        #expect(problems("command: [x], container: {image: a}").count == 1)
        #expect(
            problems("container: {image: a}, operations: [create]") == [
                "8:5 invalid provisioner: \"operations\" requires \"command\" | "
                    + "add \"command\", or remove \"operations\""
            ])
    }

    @Test("Braces in the value of a variable are no placeholders")
    func variables() throws {
        let spec = try Self.spec(
            "image: a\nenvironment: {A: \"${PASSWORD}-{name}\"}\nlogin: {username: u, password: \"${PASSWORD}\"}",
            ["PASSWORD": "p{name}w}"])
        #expect(spec.environment["A"]?.parts == [.literal("p{name}w}-"), .placeholder(.name)])
        #expect(spec.login?.password == "p{name}w}")
    }

    @Test("The password of the registry is in no message")
    func password() {
        let diagnostics = Self.parse(Self.text("image: a\nlogin: {username: u, password: correct-horse, x: 1}"))
            .diagnostics
        #expect(diagnostics.count == 1)
        #expect(!"\(diagnostics)".contains("correct-horse"))
    }
}

@Suite("Texts with placeholders")
struct PlaceholderTextTests {
    @Test(
        "A text is split into literals and placeholders",
        arguments: [
            ("", []), ("a", [.literal("a")]), ("{{a}}", [.literal("{a}")]),
            ("{{{id}}}", [.literal("{"), .placeholder(.id), .literal("}")]),
            ("a{name}{preset}b", [.literal("a"), .placeholder(.name), .placeholder(.preset), .literal("b")]),
            ("{ports.53/udp}", [.placeholder(.port(PublishedPort(53, isUDP: true)))]),
            ("{ports.22/tcp}", [.placeholder(.port(PublishedPort(22)))]),
            ("{parameters.disk-size_2}", [.placeholder(.parameter("disk-size_2"))]),
            ("é{id}", [.literal("é"), .placeholder(.id)]),
        ] as [(String, [PlaceholderText.Part])])
    func parts(text: String, parts: [PlaceholderText.Part]) throws {
        #expect(try PlaceholderText(text).parts == parts)
    }

    @Test(
        "A text that is not valid is refused at its place",
        arguments: [
            ("a{", 1), ("{id", 0), ("}", 0), ("ab}c", 2), ("é{x}", 1), ("{}", 0), ("{ id }", 0), ("{ID}", 0),
            ("{ports.0}", 0),
            ("{ports.65536}", 0), ("{ports.022}", 0), ("{ports.22/sctp}", 0), ("{parameters.}", 0),
            ("{parameters.1a}", 0),
            ("{{id}", 4), ("{id}}", 4), ("{parameters.a.b}", 0),
        ])
    func refused(text: String, offset: Int) {
        do throws(PlaceholderText.Mistake) {
            _ = try PlaceholderText(text)
            Issue.record("\(text) is accepted")
        } catch {
            #expect(error.offset == offset, "\(text): \(error)")
        }
    }
}
