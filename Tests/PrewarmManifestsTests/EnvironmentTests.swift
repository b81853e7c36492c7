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
        "A variable is replaced with its value, and $${ with the literal text ${",
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
        "A variable needs no quotes in flow mappings",
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
                "6:19 cannot replace ${NOWHERE}: the environment variable is not set | "
                    + "set NOWHERE, or write $${ for the literal text ${"
            ])
        #expect(missing.first?.excerpt == "    auth: {token: ${NOWHERE}, tokn: ${TOKEN}}")
    }

    @Test(
        "A literal secret is not shown in a quoted line",
        arguments: [
            "{name: hook, kind: webhook, secret: planted-text}",
            "{name: hub, kind: github, token: planted-text, url: x}",
        ])
    func secretLine(entry: String) {
        let diagnostics = parse(configurationText("notifications:\n  - \(entry)")).diagnostics
        #expect(!diagnostics.isEmpty)
        #expect(diagnostics.allSatisfy { !"\($0)".contains("planted-text") })
    }

    @Test("A variable in a comment is ignored")
    func comments() {
        #expect(parse(configurationText("# ${NOWHERE}")).configuration != nil)
    }

    @Test("Each missing variable is reported with its position")
    func missing() {
        let (configuration, diagnostics) = parse(configurationText("store: ${NOWHERE}\nsecrets: {A: 'x${A}y${B}'}"))
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.brief)
                == [
                    ("8:8", "NOWHERE"), ("9:14", "A"), ("9:14", "B"),
                ].map { place, name in
                    "\(place) cannot replace ${\(name)}: the environment variable is not set | "
                        + "set \(name), or write $${ for the literal text ${"
                })
        #expect(diagnostics.first?.excerpt == "store: ${NOWHERE}")
    }

    @Test("A variable that is not closed is refused", arguments: ["${", "x${NAME", "$${A}${NAME"])
    func unclosed(text: String) {
        let (configuration, diagnostics) = parse(configurationText("store: '\(text)'"))
        #expect(configuration == nil)
        #expect(
            diagnostics.map(\.brief) == [
                "8:8 invalid variable: the closing } of ${ is missing | add }, or write $${ for the literal text ${"
            ])
    }

    @Test("The value of a variable is always text")
    func numbers() {
        let (_, diagnostics) = parse(configurationText("policy: {limits: {instances: '${NUMBER}'}}"))
        #expect(
            diagnostics.map(\.brief) == [
                "8:30 invalid instances: expected a whole number from 0 to 1000000, found the text \"${NUMBER}\" | "
                    + "write the value itself: the value of a variable is always text"
            ])
    }

    @Test(
        "No message shows the value of a variable, because it may be a secret",
        arguments: [
            ("ref: {commit: '${TOKEN}'}", "invalid commit \"${TOKEN}\": expected 40 hexadecimal digits in lower case"),
            ("verify: {mode: 'x${LONG}'}", "invalid mode \"x${LONG}\": expected one of none, ssh, openpgp"),
            ("verify: {mode: '${LINES}'}", "invalid mode \"${LINES}\": expected one of none, ssh, openpgp"),
            (
                "interval: '${BAD_NAME} ${PART}'",
                "invalid interval \"${BAD_NAME} ${PART}\": "
                    + "expected a duration of at least 1s, for example 90s, 15m, 24h or 7d"
            ),
            ("ref: '${LONG}'", "invalid ref: expected a mapping, found the text \"${LONG}\""),
            ("'${LONG}': 1", "invalid source: unknown key \"${LONG}\""),
            ("auth: {'${TOKEN}': 1}", "invalid auth: unknown key \"${TOKEN}\""),
        ])
    func redaction(line: String, message: String) {
        let (configuration, diagnostics) = parse(configurationText(source: line))
        #expect(configuration == nil && diagnostics.map(\.message) == [message])
        for secret in ["s3cret", "S3cret", "Not", "First", "Second"] {
            #expect(diagnostics.allSatisfy { !$0.text().text.contains(secret) })
        }
    }

    @Test("A message shows the variable instead of its value, and replaces longer values first")
    func redactedNames() {
        let (_, diagnostics) = ConfigurationParser.parse(
            Array(configurationText("  - {name: '${A}-b', command: ['${B}'], operations: [list, create]}").utf8),
            file: "prewarm.yaml"
        ) { ["A": "secret", "B": "secret-b"][$0] }
        #expect(
            diagnostics.map(\.message) == [
                "invalid provisioner \"${B}\": its operations do not include delete"
            ])
    }

    @Test("A literal secret is not shown if the YAML around it is broken")
    func brokenYAML() {
        for line in ["auth: {token: hunter2-hunter2, @}", "auth: {token: hunter2-hunter2, a: b: c}"] {
            let (configuration, diagnostics) = parse(configurationText(source: line))
            #expect(configuration == nil && diagnostics.count == 1)
            #expect(diagnostics.allSatisfy { $0.excerpt != nil && !$0.text().text.contains("hunter2") })
        }
    }
}
