import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Valid manifests")
struct ManifestParserTests {
    private let preset = """
        apiVersion: prewarm/v1
        kind: Preset
        metadata:
          name: go-large
          labels: {team: payments, example.org/tier: "1"}
          annotations: {note: "of the\\nplatform"}
        spec:
          template: go-dev
          version: "1.4.2"
          parameters:
            cpu: 8
            share: 0.5
            region: eu-west-1
            debug: true
            token: {valueFrom: {secret: REGISTRY_TOKEN}}
          instances: 5
          ttl: 24h
          schedule:
            timezone: UTC
            windows:
              - {cron: "* 8-18 * * 1-5", instances: 20}
              - {cron: "* * * * 0", instances: 0}
          strategy: {type: RollingUpdate, maxSurge: 10%, maxUnavailable: 2}
          failureLimit: 7
          deprecated: {message: too small, replacement: go-xl}
          suspended: true

        """

    @Test("Every field of a preset is read")
    func presets() throws {
        let file = parse(preset)
        #expect(file.diagnostics == [] && file.invalid == [] && file.foreignDocuments == 0 && !file.isUnreadable)
        var expected = PresetDraft(
            name: Located("go-large", at: Position(line: 4, column: 9)),
            template: Located("go-dev", at: Position(line: 8, column: 13)), spec: Position(line: 8, column: 3),
            instances: 5)
        expected.labels = ["team": "payments", "example.org/tier": "1"]
        expected.annotations = ["note": "of the\nplatform"]
        expected.version = Located("1.4.2", at: Position(line: 9, column: 12))
        expected.parameters = [
            "cpu": Located(.integer(8), at: Position(line: 11, column: 10)),
            "share": Located(.number(0.5), at: Position(line: 12, column: 12)),
            "region": Located(.string("eu-west-1"), at: Position(line: 13, column: 13)),
            "debug": Located(.boolean(true), at: Position(line: 14, column: 12)),
            "token": Located(.secret("REGISTRY_TOKEN"), at: Position(line: 15, column: 12)),
        ]
        expected.ttlSeconds = 86_400
        expected.schedule = Schedule(
            timezone: "UTC",
            windows: [
                Schedule.Window(cron: try CronExpression("* 8-18 * * 1-5"), instances: 20),
                Schedule.Window(cron: try CronExpression("* * * * 0"), instances: 0),
            ])
        expected.strategy = .rollingUpdate(maxSurge: .percent(10), maxUnavailable: .count(2))
        expected.failureLimit = 7
        expected.deprecated = Deprecation(message: "too small", replacement: "go-xl")
        expected.replacement = Position(line: 25, column: 49)
        expected.isSuspended = true
        #expect(file.presets == [expected])
    }

    @Test("A key that a preset leaves out has its default")
    func presetDefaults() throws {
        let file = parse(presetText("template: go-dev\ninstances: 0"))
        #expect(file.diagnostics == [])
        let draft = try #require(file.presets.first)
        #expect(
            draft
                == PresetDraft(
                    name: Located("go", at: Position(line: 4, column: 9)),
                    template: Located("go-dev", at: Position(line: 6, column: 13)), spec: Position(line: 6, column: 3),
                    instances: 0))
        #expect(draft.strategy == .rollingUpdate(maxSurge: .percent(25), maxUnavailable: .percent(25)))
        #expect(draft.failureLimit == 3 && draft.ttlSeconds == nil && draft.deprecated == nil && !draft.isSuspended)
    }

    @Test("An optional key with an empty value counts as left out")
    func emptyKeys() {
        let keys = ["version", "parameters", "ttl", "schedule", "strategy", "failureLimit", "deprecated", "suspended"]
        let full = parse(presetText("template: go-dev\ninstances: 0\n" + keys.map { "\($0):" }.joined(separator: "\n")))
        #expect(full.diagnostics == [])
        #expect(full.presets == parse(presetText("template: go-dev\ninstances: 0")).presets)
    }

    @Test(
        "Each form of a strategy is read",
        arguments: [
            ("{}", .rollingUpdate(maxSurge: .percent(25), maxUnavailable: .percent(25))),
            ("{type: Recreate}", .recreate),
            ("{type: RollingUpdate}", .rollingUpdate(maxSurge: .percent(25), maxUnavailable: .percent(25))),
            ("{maxSurge: 0}", .rollingUpdate(maxSurge: .count(0), maxUnavailable: .percent(25))),
            ("{maxSurge: 0%, maxUnavailable: 1%}", .rollingUpdate(maxSurge: .percent(0), maxUnavailable: .percent(1))),
            ("{maxSurge: 100%, maxUnavailable: 0}", .rollingUpdate(maxSurge: .percent(100), maxUnavailable: .count(0))),
        ] as [(String, RolloutStrategy)])
    func strategies(text: String, strategy: RolloutStrategy) {
        let file = parse(presetText("template: go-dev\ninstances: 1\nstrategy: \(text)"))
        #expect(file.diagnostics == [] && file.presets.first?.strategy == strategy)
    }

    @Test(
        "The value of deprecated is true, false or a mapping",
        arguments: [
            ("true", Deprecation()), ("false", nil), ("{}", Deprecation()),
            ("{message: old}", Deprecation(message: "old")),
            ("{replacement: go-xl}", Deprecation(replacement: "go-xl")),
        ])
    func deprecations(text: String, deprecation: Deprecation?) {
        let file = parse(templateText("deprecated: \(text)"))
        #expect(file.diagnostics == [] && file.templates.first?.deprecated == deprecation)
        let preset = parse(presetText("template: go-dev\ninstances: 1\ndeprecated: \(text)"))
        #expect(preset.diagnostics == [] && preset.presets.first?.deprecated == deprecation)
    }

    @Test("Every field of a template is read")
    func templates() {
        let file = parse(
            """
            apiVersion: prewarm/v1
            kind: Template
            metadata: {name: go-dev, labels: {team: go}, annotations: {note: x}}
            spec:
              provisioner: local
              activeVersion: 1.4.2
              parameters:
                - {name: cpu, type: number, minimum: 1, maximum: 64.5, required: true, description: cores}
                - {name: region, type: string, enum: [eu-west-1, us-east-1], default: eu-west-1}
                - {name: image, type: string, pattern: "^[a-z]+$"}
                - {name: disks, type: integer, default: 2}
                - {name: debug, type: boolean, default: false}
              deprecated: {replacement: go-next}
            """)
        #expect(file.diagnostics == [])
        var expected = TemplateDraft(name: Located("go-dev", at: Position(line: 3, column: 18)))
        expected.labels = ["team": "go"]
        expected.annotations = ["note": "x"]
        expected.provisioner = Located("local", at: Position(line: 5, column: 16))
        expected.activeVersion = "1.4.2"
        expected.parameters = [
            ParameterRule(
                name: "cpu", kind: .number, description: "cores", minimum: 1, maximum: 64.5, isRequired: true),
            ParameterRule(
                name: "region", kind: .string, allowed: [.string("eu-west-1"), .string("us-east-1")],
                standard: .string("eu-west-1")),
            ParameterRule(name: "image", kind: .string, pattern: "^[a-z]+$"),
            ParameterRule(name: "disks", kind: .integer, standard: .integer(2)),
            ParameterRule(name: "debug", kind: .boolean, standard: .boolean(false)),
        ]
        expected.deprecated = Deprecation(replacement: "go-next")
        expected.replacement = Position(line: 13, column: 29)
        #expect(file.templates == [expected])
    }

    @Test("An alias has the value of its anchor")
    func aliases() {
        let file = parse(
            presetText("template: &name go-dev\ninstances: 1\nparameters: {template: *name}"))
        #expect(file.presets.first?.parameters["template"]?.value == .string("go-dev"))
    }

    @Test("A file may hold presets and templates, also with a byte order mark and line breaks of Windows")
    func manyDocuments() {
        let text = presetText("template: go-dev\ninstances: 1") + "---\n" + templateText("{}") + "---\n"
        for variant in [text, "\u{feff}" + text, text.replacing("\n", with: "\r\n")] {
            let file = parse(variant)
            #expect(file.diagnostics == [] && file.foreignDocuments == 0)
            #expect(file.presets.map(\.name.value) == ["go"] && file.templates.map(\.name.value) == ["go-dev"])
        }
    }
}
