import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Spelling of numbers and windows")
struct NumberSpellingTests {
    private func parameters(_ value: String) -> ParsedFile {
        parse(presetText("template: go-dev\nversion: a\ninstances: 1\nparameters: {x: \(value)}"))
    }

    @Test(
        "A number that the provisioner would receive in another spelling is refused",
        arguments: [
            "012345678901", "618514e5", "12345678901234567890", "1.20", "1.10", "0x1F", "0o17", "+5", "-0", "1e3", ".5",
            "5.", "1.0e1", "007", "True", "FALSE", "9437184000000000001.0", "00", "1E2", "0.10",
        ])
    func refused(value: String) {
        let file = parameters(value)
        #expect(file.presets.isEmpty && file.diagnostics.count == 1)
        #expect(file.diagnostics.first?.position == Position(line: 9, column: 19))
        #expect(
            file.diagnostics.first?.message.hasPrefix("invalid x: the provisioner would receive \(value) as ") == true)
        #expect(file.diagnostics.first?.hint?.hasPrefix("to keep the text, write x: \"\(value)\". Otherwise, ") == true)
        let quoted = parameters("\"\(value)\"")
        #expect(quoted.diagnostics == [] && quoted.presets.first?.parameters["x"]?.value == .string(value))
        let rule = parse(templateText("parameters: [{name: a, type: string, default: \(value)}]"))
        #expect(rule.diagnostics.first?.hint?.contains("\"\(value)\"") == true)
        let choice = parse(templateText("parameters: [{name: a, type: string, enum: [\(value)]}]"))
        #expect(choice.diagnostics.first?.hint?.contains("\"\(value)\"") == true)
    }

    @Test(
        "If text is expected, the hint contains the exact text in quotes",
        arguments: ["012345678901", "618514e5", "12345678901234567890", "1.20", "True", "0x1F"])
    func text(value: String) {
        let version = parse(presetText("template: go-dev\nversion: \(value)\ninstances: 1"))
        #expect(version.diagnostics.first?.hint == "add quotes: version: \"\(value)\"")
        let label = parse(
            presetText("template: go-dev\nversion: a\ninstances: 1").replacing(
                "  name: go\n", with: "  name: go\n  labels: {team: \(value)}\n"))
        #expect(label.diagnostics.first?.hint == "add quotes: team: \"\(value)\"")
    }

    @Test(
        "A number that keeps its spelling is accepted",
        arguments: [
            ("8", .integer(8)), ("-3", .integer(-3)), ("0", .integer(0)), ("1.5", .number(1.5)), ("1.0", .number(1)),
            ("9223372036854775807", .integer(.max)), ("0.25", .number(0.25)), ("true", .boolean(true)),
            ("-0.5", .number(-0.5)),
        ] as [(String, ParameterValue)])
    func taken(value: String, expected: ParameterValue) {
        let file = parameters(value)
        #expect(file.diagnostics == [] && file.presets.first?.parameters["x"]?.value == expected)
    }

    @Test(
        "A window that covers only a few minutes at a time is reported",
        arguments: [
            ("0 8-18 * * 1-5", "covers only 1 minute at a time", "cron: \"* 8-18 * * 1-5\""),
            ("30 9 * * *", "covers only 1 minute at a time", "cron: \"* 9"),
            ("*/15 * * * *", "covers only 1 minute at a time", "cron: \"* * * * *\""),
            ("0-2 8 * * *", "covers only 3 minutes at a time", "cron: \"* 8"),
            ("* 8-18 * * 1-5", "", ""), ("0-29 8 * * *", "", ""), ("30-59 8 * * *", "", ""),
        ])
    func windows(cron: String, message: String, hint: String) {
        let file = parse(
            presetText(
                "template: go-dev\nversion: a\ninstances: 1\nschedule:\n  timezone: UTC\n"
                    + "  windows: [{cron: \"\(cron)\", instances: 5}]"))
        #expect(file.presets.count == 1 && file.diagnostics.isEmpty == message.isEmpty)
        guard let warning = file.diagnostics.first else { return }
        #expect(warning.severity == .warning && warning.message.contains(message))
        #expect(warning.hint?.contains(hint) == true)
    }
}
