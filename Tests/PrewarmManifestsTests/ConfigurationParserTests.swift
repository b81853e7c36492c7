import PrewarmCore
@testable import PrewarmManifests
import Testing

@Suite("The configuration")
struct ConfigurationParserTests {
    private func parse(_ text: String) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { _ in nil }
    }

    @Test("Every field of a configuration is read")
    func everything() throws {
        let (configuration, diagnostics) = parse(
            """
            apiVersion: prewarm/v1
            kind: Config
            store: sqlite:prewarm.db
            sources:
              - name: presets
                url: https://git.example.org/presets.git
                ref: {branch: main}
                path: presets
                interval: 30s
                timeout: 2m
                auth: {username: ada, password: secret}
                verify: {mode: none}
                caFile: ca.pem
                mode: observe
                freeze: [{cron: "0 18 * * 5", duration: 60h, timezone: Europe/Berlin, allow: [create]}]
              - {name: more, url: ../more}
            provisioners:
              - name: local
                default: true
                command: [./provision, --fast]
                operations: [create, delete, list]
                timeout: 5m
                grace: 0s
                concurrency: 8
                resync: 5m
                workingDirectory: work
                environment: {LANG: C}
                inherit: [PATH]
                secrets: {TOKEN: t}
              - {name: cloud, command: [./cloud]}
            secrets: {REGISTRY_TOKEN: r}
            policy:
              deletionGuard: {percent: 20, above: 3, window: 2h}
              orphans: delete
              limits: {instancesPerPreset: 100, instancesPerSource: 500, instances: 1000, actionsPerTurn: 200}
              owners:
                default: {claims: 3}
                rules: [{match: team-a/*, claims: 20, waiting: 5}, {match: ci, kind: token, waiting: 500}]
            server: {listen: "127.0.0.1:7430"}

            """)
        #expect(diagnostics == [])
        let read = try #require(configuration)
        let weekend = Freeze(
            cron: try CronExpression("0 18 * * 5"), duration: .seconds(60 * 3600), timezone: "Europe/Berlin",
            allowed: [.create])
        #expect(read.store == Located("sqlite:prewarm.db", at: Position(line: 3, column: 8)))
        #expect(
            read.sources == [
                Configuration.Source(
                    name: Located("presets", at: Position(line: 5, column: 11)),
                    url: Located("https://git.example.org/presets.git", at: Position(line: 6, column: 10)),
                    ref: .branch("main"), paths: [Located("presets", at: Position(line: 8, column: 11))],
                    interval: .seconds(30), timeout: .seconds(120),
                    auth: .basic(username: "ada", password: .text("secret")),
                    verify: .init(mode: Located("none", at: Position(line: 12, column: 20))), caFile: "ca.pem",
                    isObserved: true, freezes: [weekend]),
                Configuration.Source(
                    name: Located("more", at: Position(line: 16, column: 12)),
                    url: Located("../more", at: Position(line: 16, column: 23)), ref: nil,
                    paths: [Located(".", at: Position(line: 16, column: 23))],
                    interval: .seconds(60), timeout: .seconds(60), auth: nil, verify: nil, caFile: nil,
                    isObserved: false, freezes: []),
            ])
        #expect(
            read.provisioners == [
                Configuration.Provisioner(
                    name: Located("local", at: Position(line: 18, column: 11)), isDefault: true,
                    command: ["./provision", "--fast"], commandPosition: Position(line: 20, column: 14),
                    operations: ["create", "delete", "list"], timeout: .seconds(300), grace: .zero, concurrency: 8,
                    resync: .seconds(300),
                    workingDirectory: "work", environment: ["LANG": "C"], inherit: ["PATH"], secrets: ["TOKEN": "t"]),
                Configuration.Provisioner(
                    name: Located("cloud", at: Position(line: 30, column: 12)), isDefault: false,
                    command: ["./cloud"], commandPosition: Position(line: 30, column: 28),
                    operations: ["create", "delete"], timeout: .seconds(600), grace: .seconds(5), concurrency: 4,
                    resync: .seconds(600),
                    workingDirectory: nil, environment: [:], inherit: [], secrets: [:]),
            ])
        #expect(read.secrets == ["REGISTRY_TOKEN": "r"])
        #expect(read.deletionGuard.percent == 20 && read.deletionGuard.above == 3)
        #expect(read.deletionGuard.window == .seconds(7200) && read.deletesOrphans)
        #expect(read.policy.observedSources == ["presets"] && read.policy.freezes == ["presets": [weekend]])
        #expect(
            read.limits
                == Policy.Limits(
                    instancesPerPreset: 100, instancesPerSource: 500, instances: 1000, actionsPerTurn: 200))
        #expect(read.listen == Located("127.0.0.1:7430", at: Position(line: 39, column: 18)))
        #expect(
            read.policy.owners
                == OwnerPolicy(
                    standard: .init(claims: 3),
                    rules: [
                        .init(match: Glob("team-a/*"), claims: 20, waiting: 5),
                        .init(match: Glob("ci"), kind: .token, waiting: 500),
                    ]))
    }

    @Test("A minimal configuration has one source and one provisioner, which is the default")
    func least() throws {
        let read = try #require(parse(configurationText()).configuration)
        #expect(
            read.store == nil && read.deletionGuard == Policy.DeletionGuard() && read.listen == nil
                && read.secrets == [:])
        #expect(read.limits == Policy.Limits() && read.defaultProvisioner == "local")
        #expect(read.policy.owners == OwnerPolicy() && read.limits.waitingClaims == 1000)
    }

    @Test(
        "With two provisioners, only one with `default: true` is the default",
        arguments: [(false, nil), (true, "cloud")])
    func defaultProvisioner(isMarked: Bool, expected: String?) throws {
        let more = "  - {name: cloud, command: [./cloud], default: \(isMarked)}"
        #expect(try #require(parse(configurationText(more)).configuration).defaultProvisioner == expected)
    }

    @Test(
        "A source follows a branch, a tag, a version range or a commit",
        arguments: [
            ("{branch: main}", .branch("main")), ("{tag: v1.2.0}", .tag("v1.2.0")), ("{semver: 1.x}", .semver("1.x")),
            (
                "{commit: 0123456789abcdef0123456789abcdef01234567}",
                .commit("0123456789abcdef0123456789abcdef01234567")
            ),
        ] as [(String, Configuration.Ref)])
    func refs(text: String, ref: Configuration.Ref) throws {
        let (configuration, diagnostics) = parse(configurationText(source: "ref: \(text)"))
        #expect(diagnostics == [] && configuration?.sources.first?.ref == ref)
    }

    @Test(
        "A source authenticates with a token, a password, a key, an agent, a command or an app",
        arguments: [
            ("{token: t}", .token(.text("t"), username: nil)),
            ("{token: t, username: ada}", .token(.text("t"), username: "ada")),
            ("{username: ada, password: p}", .basic(username: "ada", password: .text("p"))),
            ("{tokenFile: t}", .token(.file("t"), username: nil)),
            ("{username: ada, passwordFile: p}", .basic(username: "ada", password: .file("p"))),
            ("{sshKey: id}", .sshKey("id", passphrase: nil)),
            ("{sshKey: id, passphrase: p}", .sshKey("id", passphrase: .text("p"))),
            ("{sshKey: id, passphraseFile: p}", .sshKey("id", passphrase: .file("p"))),
            ("{sshAgent: true}", .sshAgent), ("{command: [./login, --now]}", .command(["./login", "--now"])),
            (
                "{githubApp: {appId: 12, installationId: '34', privateKeyFile: k, apiUrl: https://git.example.org/api/v3/}}",
                .githubApp(
                    .init(
                        appID: "12", installationID: "34", privateKeyFile: "k",
                        apiURL: "https://git.example.org/api/v3"))
            ),
        ] as [(String, Configuration.Auth)])
    func logins(text: String, auth: Configuration.Auth) {
        let (configuration, diagnostics) = parse(configurationText(source: "auth: \(text)"))
        #expect(diagnostics == [] && configuration?.sources.first?.auth == auth)
    }

    @Test("An operation that prewarm never runs is refused", arguments: ["start", "stop"])
    func unknownOperation(name: String) {
        let text = configurationText().replacing(
            "command: [", with: "operations: [create, delete, \(name)], command: [")
        let (configuration, diagnostics) = parse(text)
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.message) == [
                "invalid operations[2] \"\(name)\": expected one of create, delete, list, inspect, claim"
            ])
    }

    @Test(
        "A source with contradictory keys is refused",
        arguments: [
            (
                "ref: {}",
                "6:10 invalid ref: expected exactly one of branch, tag, semver, commit, found none | "
                    + "add one of these keys"
            ),
            (
                "ref: {branch: a, tag: b}",
                "6:10 invalid ref: expected exactly one of branch, tag, semver, commit, found branch and tag | "
                    + "keep one of these keys and remove the others"
            ),
            (
                "ref: {commit: abc}",
                "6:19 invalid commit \"abc\": expected 40 hexadecimal digits in lower case"
            ),
            (
                "auth: {}",
                "6:11 invalid auth: expected exactly one of token, tokenFile, password, passwordFile, sshKey, sshAgent, "
                    + "command, githubApp, found none | add one of these keys"
            ),
            (
                "auth: {token: t, sshKey: k}",
                "6:11 invalid auth: expected exactly one of token, tokenFile, password, passwordFile, sshKey, sshAgent, "
                    + "command, githubApp, found token and sshKey | keep one of these keys and remove the others"
            ),
            (
                "auth: {password: p}",
                "6:11 invalid auth: \"password\" requires \"username\" | add \"username\", or remove \"password\""
            ),
            (
                "auth: {sshKey: k, username: ada}",
                "6:11 invalid auth: \"username\" requires \"password\" or \"passwordFile\" or \"token\" or \"tokenFile\" | "
                    + "add \"password\" or \"passwordFile\" or \"token\" or \"tokenFile\", or remove \"username\""
            ),
            (
                "auth: {token: t, knownHosts: h}",
                "6:11 invalid auth: \"knownHosts\" requires \"sshKey\" or \"sshAgent\" | "
                    + "add \"sshKey\" or \"sshAgent\", or remove \"knownHosts\""
            ),
            (
                "verify: {mode: gpg}", "6:20 invalid mode \"gpg\": expected one of none, ssh, openpgp"
            ),
            ("interval: 0s", "6:15 invalid interval \"0s\": expected at least 1s"),
        ])
    func badSources(line: String, expected: String) {
        let (configuration, diagnostics) = parse(configurationText(source: line))
        #expect(configuration == nil && diagnostics.map(\.brief) == [expected])
    }

    @Test(
        "Entries that contradict each other are refused",
        arguments: [
            (
                "  - {name: local, command: [x]}",
                [
                    "8:12 duplicate provisioner \"local\", first at line 7 | "
                        + "rename one of the two: names must be unique"
                ]
            ),
            (
                "  - {name: b, command: [x], default: true}\n  - {name: c, command: [x], default: true}",
                [
                    "9:12 invalid provisioners: both \"b\" and \"c\" have default: true | "
                        + "remove default: true from one of the two"
                ]
            ),
            (
                "  - {name: b, command: [x], operations: [list]}",
                [
                    "8:12 invalid provisioner \"b\": its operations do not include create | "
                        + "add create to operations: a pool requires create and delete",
                    "8:12 invalid provisioner \"b\": its operations do not include delete | "
                        + "add delete to operations: a pool requires create and delete",
                ]
            ),
            (
                "policy: {limits: {actionsPerTurn: 0}}",
                ["8:35 invalid actionsPerTurn: expected a whole number from 1 to 1000000, found 0"]
            ),
            (
                "servers: {}", ["8:1 invalid configuration: unknown key \"servers\" | did you mean \"server\"?"]
            ),
        ])
    func badTogether(lines: String, expected: [String]) {
        let (configuration, diagnostics) = parse(configurationText(lines))
        #expect(configuration == nil && diagnostics.map(\.brief) == expected)
        #expect(diagnostics.allSatisfy { $0.file == "prewarm.yaml" && $0.excerpt != nil })
    }

    @Test("Two sources with the same name are refused")
    func duplicateSources() {
        let text = configurationText().replacing("provisioners:", with: "  - {name: presets, url: b}\nprovisioners:")
        #expect(
            parse(text).diagnostics.map(\.brief) == [
                "6:12 duplicate source \"presets\", first at line 4 | rename one of the two: names must be unique"
            ])
    }

    @Test(
        "A configuration is one document of the kind Config",
        arguments: [
            ("", "invalid configuration: expected one document with kind: Config, found 0 documents"),
            ("# nothing\n", "invalid configuration: expected one document with kind: Config, found 0 documents"),
            (
                configurationText() + "---\na: 1\n",
                "invalid configuration: expected one document with kind: Config, found 2 documents"
            ),
            ("---\n", "2:1 invalid configuration: expected a mapping, found an empty value"),
            ("- a\n", "1:1 invalid configuration: expected a mapping, found a list"),
            ("a: [", "1:5 cannot parse YAML: did not find expected node content while parsing a flow node"),
            (
                configurationText().replacing("Config", with: "Preset"),
                "2:7 invalid kind \"Preset\": expected Config"
            ),
            (
                configurationText().replacing("/v1", with: "/v2"),
                "1:13 invalid apiVersion \"prewarm/v2\": expected prewarm/v1 | did you mean \"prewarm/v1\"?"
            ),
        ])
    func documents(text: String, expected: String) {
        let (configuration, diagnostics) = parse(text)
        #expect(configuration == nil && diagnostics.map(\.brief) == [expected])
    }

    @Test("A configuration of more than 256 KiB is refused")
    func size() {
        let text = configurationText()
        let padding = String(repeating: "#", count: 256 * 1024 - text.utf8.count)
        #expect(parse(text + padding).configuration != nil)
        let (configuration, diagnostics) = parse(text + padding + "#")
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.brief) == [
                "invalid configuration: the file has 262145 bytes, more than the limit of 256 KiB"
            ])
    }
}
