import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Variables in the configuration")
struct EnvironmentTests {
    private let environment = [
        "NAME": "value", "EMPTY": "", "NUMBER": "8", "NESTED": "${NAME}", "YAML": "a: [\n'\"",
        "TOKEN": "s3cret-token", "BAD_NAME": "Not A Name", "PART": "Not",
        "LONG": String(repeating: "S3cret", count: 20),
        "LINES": "First Line\nSecond",
    ]

    private func parse(_ text: String) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { environment[$0] }
    }

    @Test(
        "A variable stands for its value, and $${ for a plain ${",
        arguments: [
            ("${NAME}", "value"), ("a-${NAME}-b", "a-value-b"), ("${NAME}${NAME}", "valuevalue"),
            ("'${NAME}'", "value"), ("\"${NAME}\"", "value"), ("${EMPTY}x", "x"), ("${NUMBER}", "8"),
            ("${NESTED}", "${NAME}"), ("${YAML}", "a: [\n'\""), ("$${NAME}", "${NAME}"), ("$$${NAME}", "$${NAME}"),
            ("$${NAME}${NAME}", "${NAME}value"), ("$NAME", "$NAME"), ("'$${'", "${"), ("a}b", "a}b"), ("'$'", "$"),
        ])
    func expansion(text: String, value: String) throws {
        let (configuration, diagnostics) = parse(configurationText("secrets: {}\nstore: \(text)"))
        #expect(diagnostics == [])
        #expect(configuration?.store?.value == value)
    }

    @Test(
        "A variable needs no quotes between braces and brackets",
        arguments: [
            ("{token: ${TOKEN}}", "s3cret-token"), ("{token: x${NAME}y, username: u}", "xvaluey"),
            ("{token: $${NAME}}", "${NAME}"), ("{username: ${NAME}, token: \"${TOKEN}\"}", "s3cret-token"),
        ])
    func flow(auth: String, token: String) throws {
        let (configuration, diagnostics) = parse(configurationText(source: "auth: \(auth)"))
        #expect(diagnostics == [])
        guard case .token(let value, _) = try #require(configuration?.sources.first?.auth) else {
            Issue.record("no token")
            return
        }
        #expect(value == .text(token))
        let (_, missing) = parse(configurationText(source: "auth: {token: ${NOWHERE}, tokn: ${TOKEN}}"))
        #expect(
            missing.map(\.brief) == [
                "6:19 the environment has no variable NOWHERE | set it, or write $${ for a plain ${"
            ])
        #expect(missing.first?.excerpt == "    auth: {token: ${NOWHERE}, tokn: ${TOKEN}}")
    }

    @Test(
        "A line with a secret written out is not quoted",
        arguments: [
            "{name: hook, kind: webhook, secret: planted-text}",
            "{name: hub, kind: github, token: planted-text, url: x}",
        ])
    func secretLine(entry: String) {
        let diagnostics = parse(configurationText("notifications:\n  - \(entry)")).diagnostics
        #expect(!diagnostics.isEmpty)
        #expect(diagnostics.allSatisfy { !"\($0)".contains("planted-text") })
    }

    @Test("A comment is left alone")
    func comments() {
        #expect(parse(configurationText("# ${NOWHERE}")).configuration != nil)
    }

    @Test("Every variable that is missing is told where it stands")
    func missing() {
        let (configuration, diagnostics) = parse(configurationText("store: ${NOWHERE}\nsecrets: {A: 'x${A}y${B}'}"))
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.brief) == [
                "8:8 the environment has no variable NOWHERE | set it, or write $${ for a plain ${",
                "9:14 the environment has no variable A | set it, or write $${ for a plain ${",
                "9:14 the environment has no variable B | set it, or write $${ for a plain ${",
            ])
        #expect(diagnostics.first?.excerpt == "store: ${NOWHERE}")
    }

    @Test("A variable that is not closed is refused", arguments: ["${", "x${NAME", "$${A}${NAME"])
    func unclosed(text: String) {
        let (configuration, diagnostics) = parse(configurationText("store: '\(text)'"))
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.brief) == ["8:8 there is no } behind ${ | close it, or write $${ for a plain ${"])
    }

    @Test("A value is always text")
    func numbers() {
        let (_, diagnostics) = parse(configurationText("policy: {limits: {instances: '${NUMBER}'}}"))
        #expect(
            diagnostics.map(\.brief) == [
                "8:30 instances is the text \"${NUMBER}\", expected a whole number | "
                    + "what the environment gives is always text"
            ])
    }

    @Test(
        "No message shows a value: it may be a secret",
        arguments: [
            ("ref: {commit: '${TOKEN}'}", "commit is \"${TOKEN}\": expected 40 hexadecimal digits in lower case"),
            ("verify: {mode: 'x${LONG}'}", "mode is \"x${LONG}\": expected one of none, ssh, openpgp"),
            ("verify: {mode: '${LINES}'}", "mode is \"${LINES}\": expected one of none, ssh, openpgp"),
            (
                "interval: '${BAD_NAME} ${PART}'",
                "interval is \"${BAD_NAME} ${PART}\": "
                    + "expected a duration as 90s, 15m, 24h or 7d"
            ),
            ("ref: '${LONG}'", "ref is the text \"${LONG}\", expected a mapping"),
            ("'${LONG}': 1", "the source has no key \"${LONG}\""),
            ("auth: {'${TOKEN}': 1}", "auth has no key \"${TOKEN}\""),
        ])
    func redaction(line: String, message: String) {
        let (configuration, diagnostics) = parse(configurationText(source: line))
        #expect(configuration == nil && diagnostics.map(\.message) == [message])
        for secret in ["s3cret", "S3cret", "Not", "First", "Second"] {
            #expect(diagnostics.allSatisfy { !$0.text().text.contains(secret) })
        }
    }

    @Test("A name that came from a variable is told by the variable, the longest value first")
    func redactedNames() {
        let (_, diagnostics) = ConfigurationParser.parse(
            Array(configurationText("  - {name: '${A}-b', command: ['${B}'], operations: [list, create]}").utf8),
            file: "prewarm.yaml"
        ) { ["A": "secret", "B": "secret-b"][$0] }
        #expect(
            diagnostics.map(\.message) == [
                "the provisioner ${B} does not have delete among its operations"
            ])
    }

    @Test("A secret that is written out is not shown where the YAML around it is broken")
    func brokenYAML() {
        for line in ["auth: {token: hunter2-hunter2, @}", "auth: {token: hunter2-hunter2, a: b: c}"] {
            let (configuration, diagnostics) = parse(configurationText(source: line))
            #expect(configuration == nil && diagnostics.count == 1)
            #expect(diagnostics.allSatisfy { $0.excerpt != nil && !$0.text().text.contains("hunter2") })
        }
    }
}
