import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Parameters and the rules of their template")
struct ParameterTests {
    private func catalog(_ rules: [String], _ parameters: String) -> Catalog {
        let template = templateText("parameters:\n" + rules.map { "- {\($0)}" }.joined(separator: "\n"))
        let preset = presetText("template: go-dev\nversion: v1\ninstances: 1\nparameters: {\(parameters)}")
        return Catalog(
            source: "presets", files: [("a.yaml", parse(template)), ("b.yaml", parse(preset))], provisioners: nil,
            defaultProvisioner: "local", previous: [], previousTemplates: [])
    }

    @Test(
        "A valid value is accepted",
        arguments: [
            ("type: string", "x: a", .string("a")), ("type: string", "x: '1'", .string("1")),
            ("type: string", "x: {valueFrom: {secret: S}}", .secret("S")),
            ("type: integer", "x: 3", .integer(3)), ("type: integer", "x: 3.0", .number(3)),
            ("type: number", "x: 3", .integer(3)), ("type: number", "x: 0.5", .number(0.5)),
            ("type: boolean", "x: false", .boolean(false)),
            ("type: string, enum: [a, b]", "x: b", .string("b")),
            ("type: number, enum: [1, 2.5]", "x: 1.0", .number(1)),
            ("type: boolean, enum: [true]", "x: true", .boolean(true)),
            ("type: number, minimum: 1, maximum: 2", "x: 1", .integer(1)),
            ("type: number, minimum: 1, maximum: 2", "x: 2", .integer(2)),
            ("type: string, pattern: 'b+'", "x: abbc", .string("abbc")),
            ("type: string, default: d", "", .string("d")), ("type: string, default: d", "x: e", .string("e")),
            ("type: boolean, required: true, default: true", "", .boolean(true)),
            ("type: string", "", nil),
        ] as [(String, String, ParameterValue?)])
    func good(rule: String, parameters: String, value: ParameterValue?) throws {
        let catalog = catalog(["name: x, \(rule)"], parameters)
        #expect(catalog.diagnostics == [])
        #expect(try #require(catalog.presets.first).spec.parameters == (value.map { ["x": $0] } ?? [:]))
    }

    @Test(
        "An invalid value is reported with its position",
        arguments: [
            ("type: string", "x: 1", "9:19 the parameter \"x\" is the number 1, expected a string"),
            ("type: string", "x: true", "9:19 the parameter \"x\" is true, expected a string"),
            ("type: integer", "x: '1'", "9:19 the parameter \"x\" is the text \"1\", expected an integer"),
            ("type: integer", "x: 1.5", "9:19 the parameter \"x\" is the number 1.5, expected an integer"),
            ("type: number", "x: a", "9:19 the parameter \"x\" is the text \"a\", expected a number"),
            ("type: boolean", "x: 'no'", "9:19 the parameter \"x\" is the text \"no\", expected a boolean"),
            (
                "type: boolean", "x: {valueFrom: {secret: S}}",
                "9:19 the parameter \"x\" is the secret S, expected a boolean"
            ),
            (
                "type: string, enum: [a, b]", "x: c",
                "9:19 the parameter \"x\" is \"c\", expected one of \"a\", \"b\""
            ),
            ("type: number, enum: [1, 2.5]", "x: 2", "9:19 the parameter \"x\" is 2, expected one of 1, 2.5"),
            ("type: number, minimum: 1", "x: 0.5", "9:19 the parameter \"x\" is 0.5, expected at least 1"),
            ("type: integer, maximum: 64", "x: 65", "9:19 the parameter \"x\" is 65, expected at most 64"),
            (
                "type: string, pattern: '^[a-z]+$'", "x: aB",
                "9:19 the parameter \"x\" is \"aB\", which does not match ^[a-z]+$"
            ),
            (
                "type: integer, description: cores of the machine", "x: a",
                "9:19 the parameter \"x\" is the text \"a\", expected an integer | cores of the machine"
            ),
            (
                "type: string, required: true", "",
                "6:3 the template \"go-dev\" requires the parameter \"x\" | add x to `parameters` of the preset"
            ),
            (
                "type: string, required: true, description: the region", "",
                "6:3 the template \"go-dev\" requires the parameter \"x\" | the region"
            ),
        ])
    func bad(rule: String, parameters: String, expected: String) {
        let catalog = catalog(["name: x, \(rule)"], parameters)
        #expect(catalog.diagnostics.map(\.brief) == [expected])
        #expect(catalog.presets == [] && catalog.invalidNames == ["go"])
    }

    @Test("A parameter without a rule is refused, with a suggestion")
    func unknown() {
        let rules = ["name: cpu, type: integer", "name: region, type: string"]
        #expect(
            catalog(rules, "cpus: 1, color: red").diagnostics.map(\.brief) == [
                "9:22 invalid parameter \"cpus\": the template \"go-dev\" has no parameter of that name | did you mean \"cpu\"?",
                "9:32 invalid parameter \"color\": the template \"go-dev\" has no parameter of that name | "
                    + "use a parameter of the template: cpu, region",
            ])
    }

    @Test("A template without rules accepts any parameters")
    func noRules() {
        let catalog = catalog([], "cpu: 1")
        #expect(catalog.diagnostics == [] && catalog.presets.first?.spec.parameters == ["cpu": .integer(1)])
    }

    @Test("A text that is too long for a pattern is refused")
    func longText() {
        let catalog = catalog(["name: x, type: string, pattern: a"], "x: \(String(repeating: "a", count: 4097))")
        #expect(
            catalog.diagnostics.map(\.message) == [
                "the parameter \"x\" is longer than 4096 bytes, the limit for a value with a pattern"
            ])
    }
}
