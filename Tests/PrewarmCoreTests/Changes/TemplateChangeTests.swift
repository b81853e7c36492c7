import PrewarmCore
import Testing

@Suite("The changes of a template")
struct TemplateChangeTests {
    private static let origin = Origin(file: "t.yaml", line: 1)
    private static let plain = Template(name: "go", origin: origin)
    private static let size = ParameterRule(name: "size", kind: .integer, minimum: 1, maximum: 8)

    private static func with(_ rule: ParameterRule) -> Template {
        Template(name: "go", origin: origin, parameters: [rule])
    }

    private static let cases: [(property: String, old: Template, new: Template, expected: [String])] = [
        (
            "labels", plain, Template(name: "go", labels: ["a": ""], origin: origin),
            ["labels.a: - → "]
        ),
        (
            "annotations", plain, Template(name: "go", annotations: ["a": "b"], origin: origin),
            ["annotations.a: - → b"]
        ),
        ("origin", plain, Template(name: "go", origin: Origin(file: "u.yaml", line: 1)), ["file: t.yaml → u.yaml"]),
        (
            "provisioner", plain, Template(name: "go", origin: origin, provisioner: "cloud"),
            ["provisioner: - → cloud"]
        ),
        (
            "activeVersion", Template(name: "go", origin: origin, activeVersion: "1"),
            Template(name: "go", origin: origin, activeVersion: "2"), ["activeVersion: 1 → 2"]
        ),
        (
            "parameters.size", plain, with(size),
            [
                "parameters.size.type: - → integer", "parameters.size.minimum: - → 1", "parameters.size.maximum: - → 8",
            ]
        ),
        (
            "deprecated", plain, Template(name: "go", origin: origin, deprecated: Deprecation(message: "old")),
            ["deprecated: - → deprecated: old"]
        ),
        (
            "readyTimeout", plain, Template(name: "go", origin: origin, readyTimeout: .seconds(60)),
            ["readyTimeout: - → 1m"]
        ),
        (
            "handover", plain,
            Template(
                name: "go", origin: origin,
                handover: HandoverSpec(
                    parameters: [ClaimParameter(ParameterRule(name: "token", kind: .string), isSecret: true)])),
            [
                "claim.parameters.token.type: - → string", "claim.parameters.token.secret: false → true",
                "claim.timeout: - → 30s", "claim.onFailure: - → replace",
            ]
        ),
        (
            "health", plain, Template(name: "go", origin: origin, health: Health()),
            ["health.interval: - → 1m", "health.failures: - → 2", "health.freshness: - → 5m"]
        ),
    ]

    /// A change of each property of a rule.
    private static let rules: [(property: String, rule: ParameterRule, expected: String)] = [
        ("kind", ParameterRule(name: "size", kind: .number, minimum: 1, maximum: 8), "type: integer → number"),
        (
            "description", ParameterRule(name: "size", kind: .integer, description: "x", minimum: 1, maximum: 8),
            "description: - → x"
        ),
        (
            "allowed",
            ParameterRule(name: "size", kind: .integer, allowed: [.integer(1), .string("a")], minimum: 1, maximum: 8),
            "enum: - → 1, \"a\""
        ),
        ("minimum", ParameterRule(name: "size", kind: .integer, minimum: 0.5, maximum: 8), "minimum: 1 → 0.5"),
        ("maximum", ParameterRule(name: "size", kind: .integer, minimum: 1), "maximum: 8 → -"),
        (
            "pattern", ParameterRule(name: "size", kind: .integer, minimum: 1, maximum: 8, pattern: "^a"),
            "pattern: - → ^a"
        ),
        (
            "isRequired", ParameterRule(name: "size", kind: .integer, minimum: 1, maximum: 8, isRequired: true),
            "required: false → true"
        ),
        (
            "standard", ParameterRule(name: "size", kind: .integer, minimum: 1, maximum: 8, standard: .integer(2)),
            "default: - → 2"
        ),
    ]

    private static func properties(of value: Any) -> Set<String> {
        Set(Mirror(reflecting: value).children.compactMap(\.label))
    }

    @Test("Each field that differs is one change")
    func fields() {
        for item in Self.cases {
            #expect(item.new.changes(since: item.old).map(\.text) == item.expected, "\(item.property)")
            #expect(item.old.changes(since: item.new).count == item.expected.count, "\(item.property)")
        }
        for item in Self.rules {
            let changes = Self.with(item.rule).changes(since: Self.with(Self.size)).map(\.text)
            #expect(changes == ["parameters.size.\(item.expected)"], "\(item.property)")
        }
    }

    @Test("No stored property of a template or of a rule is without a case")
    func completeness() {
        let ofTemplate = Self.properties(of: Self.plain)
        let covered = Self.cases.map { $0.property == "parameters.size" ? "parameters" : $0.property }
        #expect(ofTemplate.subtracting(covered) == ["name"] && ofTemplate.count > 5)
        let ofRule = Self.properties(of: Self.size)
        #expect(ofRule.subtracting(Self.rules.map(\.property)) == ["name"] && ofRule.count > 5)
        let ofParameter = Self.properties(of: ClaimParameter(Self.size))
        #expect(ofParameter == ["rule", "isSecret"])
        #expect(Self.properties(of: HandoverSpec()) == ["parameters", "timeout", "onFailure"])
    }

    @Test("Another order of rules is a change of the list")
    func order() {
        let other = ParameterRule(name: "a", kind: .string)
        let old = Template(name: "go", origin: Self.origin, parameters: [Self.size, other])
        let new = Template(name: "go", origin: Self.origin, parameters: [other, Self.size])
        #expect(new.changes(since: old).map(\.text) == ["parameters: size, a → a, size"])
    }

    @Test("Templates that are added, changed and removed are listed by name")
    func lists() {
        let old = [Self.plain, Template(name: "old", origin: Self.origin)]
        let new = [
            Template(name: "go", origin: Self.origin, activeVersion: "2"), Template(name: "a", origin: Self.origin),
        ]
        let changes = DefinitionChange.of(old, new)
        #expect(changes.map(\.name) == ["a", "go", "old"])
        #expect(changes.map(\.kind) == [.added, .changed, .removed])
        #expect(DefinitionChange.of(old, old).isEmpty)
    }
}
