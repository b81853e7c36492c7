import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Errors of templates")
struct TemplateErrorTests {
    @Test(
        "A parameter rule that contradicts itself is refused",
        arguments: [
            (["{name: a, type: string, minimum: 1}"], "7:38 minimum goes with numbers, a is a string"),
            (["{name: a, type: boolean, maximum: 1}"], "7:39 maximum goes with numbers, a is a boolean"),
            (["{name: a, type: integer, pattern: x}"], "7:39 pattern goes with strings, a is an integer"),
            (["{name: a, type: number, minimum: 2, maximum: 1.5}"], "7:50 maximum 1.5 is below minimum 2"),
            (["{name: a, type: integer, enum: [1, x]}"], "7:36 a value of enum is the text \"x\", expected an integer"),
            (["{name: a, type: string, default: 1}"], "7:38 the default of \"a\" is the number 1, expected a string"),
            (
                ["{name: a, type: string, enum: [x, y], default: z}"],
                "7:52 the default of \"a\" is \"z\", expected one of \"x\", \"y\""
            ),
            (
                ["{name: a, type: number, maximum: 3, default: 4}"],
                "7:50 the default of \"a\" is 4, expected at most 3"
            ),
            (
                ["{name: a, type: string, pattern: '^x', default: 'yx'}"],
                "7:53 the default of \"a\" is \"yx\", which does not match ^x"
            ),
            (
                ["{name: a, type: string}", "{name: a, type: number}"],
                "8:12 the parameter \"a\" is there twice, first at line 7"
            ),
            (
                ["{name: a, type: text}"],
                "7:21 type is \"text\": expected one of string, number, integer, boolean"
            ),
            (
                ["{name: a, type: int}"],
                "7:21 type is \"int\": expected one of string, number, integer, boolean"
            ),
            (
                ["{name: a, type: bolean}"],
                "7:21 type is \"bolean\": expected one of string, number, integer, boolean | did you mean \"boolean\"?"
            ),
            (
                ["{name: a, type: string, pattern: '['}"],
                "7:38 pattern is \"[\": the [ has no ]: write \\[ to match the character"
            ),
            (
                ["{name: a, type: string, pattern: '^a(?!b)'}"],
                "7:41 pattern is \"^a(?!b)\": lookahead is not supported: use anchors, classes and alternatives, or "
                    + "`enum`"
            ),
            (
                ["{name: a, type: string, pattern: '(a{100}){200}'}"],
                "7:47 pattern is \"(a{100}){200}\": the pattern takes more than 2000 steps when its counts are expanded"
            ),
            (["{name: a, type: string, enum: []}"], "7:35 enum is empty, expected at least 1"),
            (
                ["{name: a, type: string, enum: [[x]]}"],
                "7:36 enum[0] is a list, expected text, a number, true or false"
            ),
            (
                ["{name: a, type: number, minimum: '1'}"],
                "7:38 minimum is the text \"1\", expected a number | "
                    + "remove the quotes"
            ),
            (["{name: a, type: number, minimum: .nan}"], "7:38 minimum is the number .nan, expected a number"),
            (["{type: string}"], "7:5 the parameter rule lacks \"name\", which is required | name: of the parameter"),
            (
                ["{name: a, type: string, requierd: true}"],
                "7:29 the parameter rule has no key \"requierd\" | did you mean \"required\"?"
            ),
        ])
    func rules(rules: [String], expected: String) {
        let file = parse(templateText("parameters:\n" + rules.map { "- \($0)" }.joined(separator: "\n")))
        #expect(file.diagnostics.map(\.brief) == [expected])
        #expect(file.templates == [] && file.invalid == [InvalidDocument(isPreset: false, name: "go-dev")])
    }
}
