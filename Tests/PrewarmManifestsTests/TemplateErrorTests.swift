import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Errors in templates")
struct TemplateErrorTests {
    @Test(
        "A parameter rule that contradicts itself is refused",
        arguments: [
            (
                ["{name: a, type: string, minimum: 1}"],
                "7:38 invalid minimum: it requires the type number or integer, but \"a\" has the type string | "
                    + "remove minimum, or change the type"
            ),
            (
                ["{name: a, type: boolean, maximum: 1}"],
                "7:39 invalid maximum: it requires the type number or integer, but \"a\" has the type boolean | "
                    + "remove maximum, or change the type"
            ),
            (
                ["{name: a, type: integer, pattern: x}"],
                "7:39 invalid pattern: it requires the type string, but \"a\" has the type integer | "
                    + "remove pattern, or change the type"
            ),
            (
                ["{name: a, type: number, minimum: 2, maximum: 1.5}"],
                "7:50 invalid maximum: expected at least the minimum 2, found 1.5"
            ),
            (
                ["{name: a, type: integer, enum: [1, x]}"],
                "7:36 invalid enum of \"a\": a value is the text \"x\", expected an integer"
            ),
            (
                ["{name: a, type: string, default: 1}"],
                "7:38 invalid default of \"a\": it is the number 1, expected a string"
            ),
            (
                ["{name: a, type: string, enum: [x, y], default: z}"],
                "7:52 invalid default of \"a\": it is \"z\", expected one of \"x\", \"y\""
            ),
            (
                ["{name: a, type: number, maximum: 3, default: 4}"],
                "7:50 invalid default of \"a\": it is 4, expected at most 3"
            ),
            (
                ["{name: a, type: string, pattern: '^x', default: 'yx'}"],
                "7:53 invalid default of \"a\": it is \"yx\", which does not match ^x"
            ),
            (
                ["{name: a, type: string}", "{name: a, type: number}"],
                "8:12 duplicate parameter \"a\", first at line 7 | rename or remove one of the two"
            ),
            (
                ["{name: a, type: text}"],
                "7:21 invalid type \"text\": expected one of string, number, integer, boolean"
            ),
            (
                ["{name: a, type: int}"],
                "7:21 invalid type \"int\": expected one of string, number, integer, boolean"
            ),
            (
                ["{name: a, type: bolean}"],
                "7:21 invalid type \"bolean\": expected one of string, number, integer, boolean | "
                    + "did you mean \"boolean\"?"
            ),
            (
                ["{name: a, type: string, pattern: '['}"],
                "7:38 invalid pattern \"[\": the [ has no ]: write \\[ to match the character"
            ),
            (
                ["{name: a, type: string, pattern: '^a(?!b)'}"],
                "7:41 invalid pattern \"^a(?!b)\": lookahead is not supported: use anchors, classes and alternatives, or "
                    + "`enum`"
            ),
            (
                ["{name: a, type: string, pattern: '(a{100}){200}'}"],
                "7:47 invalid pattern \"(a{100}){200}\": the pattern takes more than 2000 steps when its counts are expanded"
            ),
            (["{name: a, type: string, enum: []}"], "7:35 invalid enum: expected at least 1 element, found 0"),
            (
                ["{name: a, type: string, enum: [[x]]}"],
                "7:36 invalid enum[0]: expected text, a number, true or false, found a list"
            ),
            (
                ["{name: a, type: number, minimum: '1'}"],
                "7:38 invalid minimum: expected a number, found the text \"1\" | remove the quotes: minimum: 1"
            ),
            (
                ["{name: a, type: number, minimum: .nan}"],
                "7:38 invalid minimum: expected a number, found the number .nan"
            ),
            (
                ["{type: string}"],
                "7:5 invalid parameter rule: the required key \"name\" is missing | "
                    + "add \"name\": the name of the parameter"
            ),
            (
                ["{name: a, type: string, requierd: true}"],
                "7:29 invalid parameter rule: unknown key \"requierd\" | did you mean \"required\"?"
            ),
        ])
    func rules(rules: [String], expected: String) {
        let file = parse(templateText("parameters:\n" + rules.map { "- \($0)" }.joined(separator: "\n")))
        #expect(file.diagnostics.map(\.brief) == [expected])
        #expect(file.templates == [] && file.invalid == [InvalidDocument(isPreset: false, name: "go-dev")])
    }
}
