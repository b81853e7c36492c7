import PrewarmCore
import Testing

@Suite("The changes of a preset")
struct PresetChangeTests {
    /// A preset in which each field has a value.
    private struct Draft {
        var spec = WorkspaceSpec(
            template: "go", version: "1.2", provisioner: "local",
            parameters: ["cpu": .integer(2), "key": .secret("DEPLOY_KEY")])
        var labels = ["team": "a"]
        var annotations = ["note": "x"]
        var origin = Origin(file: "a.yaml", line: 3)
        var instances = 3
        var ttl: Duration? = .seconds(3600)
        var schedule: Schedule?
        var strategy = RolloutStrategy.standard
        var failureLimit = 3
        var readyTimeout: Duration?
        var health: Health?
        var lease: LeasePolicy?
        var retirement: Preset.Retirement?
        var isRetirementHeld = false
        var isSuspended = false
        var options = PoolOptions()

        var preset: Preset {
            var preset = Preset(
                key: PresetKey(source: "main", name: "go"), labels: labels, annotations: annotations, origin: origin,
                spec: spec, instances: instances, ttl: ttl, schedule: schedule, strategy: strategy,
                failureLimit: failureLimit, retirement: retirement, isSuspended: isSuspended, options: options,
                readyTimeout: readyTimeout, health: health, lease: lease)
            preset.isRetirementHeld = isRetirementHeld
            return preset
        }
    }

    /// A change of one stored property, with the fields that it has to show.
    private struct Case: Sendable {
        let property: String
        let change: @Sendable (inout Draft) throws -> Void
        let expected: [String]

        init(_ property: String, _ expected: [String], _ change: @escaping @Sendable (inout Draft) throws -> Void) {
            self.property = property
            self.change = change
            self.expected = expected
        }
    }

    private static func spec(
        template: String = "go", version: String = "1.2", provisioner: String = "local", cpu: Int64 = 2,
        key: String = "DEPLOY_KEY", more: [String: ParameterValue] = [:]
    ) -> WorkspaceSpec {
        WorkspaceSpec(
            template: template, version: version, provisioner: provisioner,
            parameters: ["cpu": .integer(cpu), "key": .secret(key)].merging(more) { $1 })
    }

    private static let cases: [Case] = [
        Case("spec.template", ["template: go → rust"]) { $0.spec = spec(template: "rust") },
        Case("spec.version", ["version: 1.2 → 1.3"]) { $0.spec = spec(version: "1.3") },
        Case("spec.provisioner", ["provisioner: local → cloud"]) { $0.spec = spec(provisioner: "cloud") },
        Case("spec.parameters", ["parameters.cpu: 2 → 4", "parameters.image: - → \"ubuntu\""]) {
            $0.spec = spec(cpu: 4, more: ["image": .string("ubuntu")])
        },
        Case("spec.parameters", ["parameters.key: the secret DEPLOY_KEY → the secret OTHER"]) {
            $0.spec = spec(key: "OTHER")
        },
        Case("spec", ["version: 1.2 → 1.3", "parameters.cpu: 2 → 8"]) { $0.spec = spec(version: "1.3", cpu: 8) },
        Case("fingerprint", ["version: 1.2 → 2"]) { $0.spec = spec(version: "2") },
        Case("labels", ["labels.team: a → b", "labels.tier: - → gold"]) { $0.labels = ["team": "b", "tier": "gold"] },
        Case("annotations", ["annotations.note: x → -"]) { $0.annotations = [:] },
        Case("origin", ["file: a.yaml → b.yaml"]) { $0.origin = Origin(file: "b.yaml", line: 9) },
        Case("instances", ["instances: 3 → 5"]) { $0.instances = 5 },
        Case("ttl", ["ttl: 1h → -"]) { $0.ttl = nil },
        Case(
            "schedule",
            ["schedule.timezone: - → Europe/Berlin", "schedule.windows: - → * 8-18 * * 1-5: 9, * * * * 6: 1"]
        ) {
            $0.schedule = Schedule(
                timezone: "Europe/Berlin",
                windows: [
                    .init(cron: try CronExpression("* 8-18 * * 1-5"), instances: 9),
                    .init(cron: try CronExpression("* * * * 6"), instances: 1),
                ])
        },
        Case("strategy", ["strategy.maxSurge: 25% → 1", "strategy.maxUnavailable: 25% → 0"]) {
            $0.strategy = .rollingUpdate(maxSurge: .count(1), maxUnavailable: .count(0))
        },
        Case(
            "strategy",
            [
                "strategy.type: RollingUpdate → Recreate", "strategy.maxSurge: 25% → -",
                "strategy.maxUnavailable: 25% → -",
            ]
        ) { $0.strategy = .recreate },
        Case("failureLimit", ["failureLimit: 3 → 1"]) { $0.failureLimit = 1 },
        Case("readyTimeout", ["readyTimeout: - → 15m"]) { $0.readyTimeout = .seconds(900) },
        Case("health", ["health.interval: - → 10s", "health.failures: - → 2", "health.freshness: - → 5m"]) {
            $0.health = Health(interval: .seconds(10))
        },
        Case(
            "lease",
            [
                "lease.ttl: - → 8h", "lease.max: - → 7d", "lease.warn: - → 1h", "lease.grace: - → 1h",
                "lease.onExpiry: - → Report",
            ]
        ) {
            $0.lease = LeasePolicy(
                ttl: .seconds(28_800), max: .seconds(604_800), warn: .seconds(3600), grace: .seconds(3600),
                onExpiry: .report)
        },
        Case("retirement", ["retired: - → the preset is deprecated: too small (replacement: go-xl)"]) {
            $0.retirement = .deprecated(Deprecation(message: "too small", replacement: "go-xl"))
        },
        Case("retirement", ["retired: - → the template is deprecated"]) {
            $0.retirement = .templateDeprecated(Deprecation())
        },
        Case("retirement", ["retired: - → the active version of the template is 1.3"]) {
            $0.retirement = .inactive(activeVersion: "1.3")
        },
        Case("isRetirementHeld", ["retired: - → the template is deprecated (the deletion guard holds the change)"]) {
            $0.retirement = .templateDeprecated(Deprecation())
            $0.isRetirementHeld = true
        },
        Case("isSuspended", ["suspended: false → true"]) { $0.isSuspended = true },
        Case("options.canary", ["strategy.canary: 1 → 0"]) { $0.options.canary = 0 },
        Case("options.mode", ["mode: reconcile → observe"]) { $0.options.mode = .observe },
        Case("options.onEmpty", ["onEmpty: refuse → create"]) { $0.options.onEmpty = .create },
        Case("options.deletionPolicy", ["deletionPolicy: Delete → Confirm"]) { $0.options.deletionPolicy = .confirm },
        Case("options.keepFailed", ["keepFailed: 0 → 2"]) { $0.options.keepFailed = 2 },
        Case("options.priority", ["priority: 0 → 9"]) { $0.options.priority = 9 },
        Case("options", ["priority: 0 → -1"]) { $0.options.priority = -1 },
    ]

    /// Returns the names of the stored properties of a value, and those of the values below these names.
    private static func properties(of value: Any, below nested: Set<String>) -> Set<String> {
        var names: Set<String> = []
        for child in Mirror(reflecting: value).children {
            guard let label = child.label else { continue }
            if label == "written" {
                names.formUnion(properties(of: child.value, below: nested))
                continue
            }
            names.insert(label)
            guard nested.contains(label) else { continue }
            names.formUnion(properties(of: child.value, below: []).map { "\(label).\($0)" })
        }
        return names
    }

    @Test("Each field that differs is one change")
    func fields() throws {
        let old = Draft()
        for item in Self.cases {
            var new = old
            try item.change(&new)
            #expect(new.preset.changes(since: old.preset).map(\.text) == item.expected, "\(item.property)")
            let back = old.preset.changes(since: new.preset).map(\.text)
            #expect(back.count == item.expected.count, "\(item.property)")
        }
        #expect(old.preset.changes(since: old.preset).isEmpty)
    }

    @Test("No stored property of a preset is without a case")
    func completeness() {
        let stored = Self.properties(of: Draft().preset, below: ["spec", "options"])
        #expect(stored.subtracting(Self.cases.map(\.property)) == ["key"], "add a case for each new property")
        #expect(stored.count > 20)
    }

    @Test("Moving a manifest within its file changes nothing")
    func lines() {
        var new = Draft()
        new.origin = Origin(file: "a.yaml", line: 40)
        #expect(new.preset != Draft().preset && DefinitionChange(from: Draft().preset, to: new.preset) == nil)
    }

    @Test("An added preset shows what is not a default, and a removed one shows nothing")
    func added() throws {
        let preset = Draft().preset
        let added = try #require(DefinitionChange(from: nil, to: preset))
        #expect(added.kind == .added)
        #expect(
            added.fields.map(\.text) == [
                "template: - → go", "version: - → 1.2", "provisioner: - → local", "parameters.cpu: - → 2",
                "parameters.key: - → the secret DEPLOY_KEY", "instances: - → 3", "ttl: - → 1h", "labels.team: - → a",
                "annotations.note: - → x",
            ])
        #expect(DefinitionChange(from: preset.pruned, to: preset) == added, "it was removed before")
        let removed = try #require(DefinitionChange(from: preset, to: preset.pruned))
        #expect(removed.kind == .removed && removed.fields.isEmpty)
        #expect(DefinitionChange(from: preset.pruned, to: preset.pruned) == nil)
        #expect(DefinitionChange(from: nil, to: preset.pruned) == nil)
    }
}

extension FieldChange {
    var text: String { "\(field): \(old ?? "-") → \(new ?? "-")" }
}
