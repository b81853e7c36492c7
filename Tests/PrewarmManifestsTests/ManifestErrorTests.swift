import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Errors in manifests")
struct ManifestErrorTests {
    private static let base = "template: go-dev\ninstances: 1\n"

    @Test(
        "An error in a preset has a position, a message and a hint",
        arguments: [
            ("instanses: 3", "8:3 invalid spec: unknown key \"instanses\" | did you mean \"instances\"?"),
            (
                "replicas: 3",
                "8:3 invalid spec: unknown key \"replicas\" | use one of template, version, parameters, instances, ttl, "
                    + "schedule, strategy, lease, failureLimit, onEmpty, priority, keepFailed, deletionPolicy, mode, deprecated, suspended"
            ),
            (
                "<<: {ttl: 1h}",
                "8:3 invalid spec: unknown key \"<<\" | write the values here: YAML 1.2 has no merge keys"
            ),
            (
                "ttl: 1h\nttl: 2h",
                "9:3 invalid spec: duplicate key \"ttl\", first at line 8 | remove one of the two"
            ),
            ("[a]: 1", "8:3 invalid key in spec: expected text, found a list"),
            (
                "version: 1.0",
                "8:12 invalid version: expected a version, for example 1.4.2 or 2026-11, found the number 1.0 | "
                    + "add quotes: version: \"1.0\""
            ),
            (
                "version: [1]",
                "8:12 invalid version: expected a version, for example 1.4.2 or 2026-11, found a list"
            ),
            (
                "version: \"1 0\"",
                "8:12 invalid version \"1 0\": expected a version of letters, digits and . _ + @ : / - such as 1.4.2"
            ),
            (
                "version: \"\"", "8:12 invalid version \"\": expected a version, for example 1.4.2 or 2026-11"
            ),
            (
                "ttl: 24",
                "8:8 invalid ttl: expected a duration of at least 1m, for example 90s, 15m, 24h or 7d, "
                    + "found the number 24"
            ),
            (
                "ttl: 1 day",
                "8:8 invalid ttl \"1 day\": expected a duration of at least 1m, for example 90s, 15m, 24h or 7d"
            ),
            ("ttl: 59s", "8:8 invalid ttl \"59s\": expected at least 1m"),
            ("failureLimit: 0", "8:17 invalid failureLimit: expected a whole number from 1 to 1000, found 0"),
            (
                "failureLimit: 2.5",
                "8:17 invalid failureLimit: expected a whole number from 1 to 1000, found the number 2.5"
            ),
            (
                "failureLimit: 2.0",
                "8:17 invalid failureLimit: expected a whole number from 1 to 1000, found the number 2.0"
            ),
            (
                "suspended: yes",
                "8:14 invalid suspended: expected true or false, found the text \"yes\" | "
                    + "write suspended: true. YAML 1.2 has only the booleans true and false"
            ),
            (
                "suspended: \"true\"",
                "8:14 invalid suspended: expected true or false, found the text \"true\" | "
                    + "remove the quotes: suspended: true"
            ),
            ("suspended: 1", "8:14 invalid suspended: expected true or false, found the number 1"),
            (
                "deprecated: no",
                "8:15 invalid deprecated: expected true or false, or a mapping, found the text \"no\" | "
                    + "write deprecated: false. YAML 1.2 has only the booleans true and false"
            ),
            (
                "deprecated: {reason: old}",
                "8:16 invalid deprecated: unknown key \"reason\" | use one of message, replacement, redirect"
            ),
            ("parameters: [cpu]", "8:15 invalid parameters: expected a mapping, found a list"),
            (
                "parameters: {cpu: }",
                "8:21 invalid cpu: expected text, a number, true or false, or a mapping, found an empty value"
            ),
            (
                "parameters: {cpu: [1]}",
                "8:21 invalid cpu: expected text, a number, true or false, or a mapping, found a list"
            ),
            (
                "parameters: {cpu: .inf}",
                "8:21 invalid cpu: expected text, a number, true or false, found the number .inf | "
                    + "add quotes: cpu: \".inf\""
            ),
            (
                "parameters: {2cpu: 1}",
                "8:16 invalid key \"2cpu\" in parameters: expected a letter or _, then letters, digits, _ and -"
            ),
            (
                "parameters: {t: {valueFrom: {}}}",
                "8:31 invalid valueFrom: the required key \"secret\" is missing | "
                    + "add \"secret\": the name of a secret in the configuration"
            ),
            (
                "strategy: {type: rollingupdate}",
                "8:20 invalid type \"rollingupdate\": "
                    + "expected one of RollingUpdate, Recreate | did you mean \"RollingUpdate\"?"
            ),
            (
                "strategy: {maxSurge: 0, maxUnavailable: 0%}",
                "8:13 invalid strategy: maxSurge and maxUnavailable are both 0, "
                    + "so no workspace could be replaced | set one of the two to at least 1"
            ),
            ("strategy: {maxSurge: 101%}", "8:24 invalid maxSurge \"101%\": expected at most 100%"),
            (
                "strategy: {maxSurge: 050%}",
                "8:24 invalid maxSurge \"050%\": expected a whole number or a percentage, for example 1 or 25%"
            ),
            (
                "strategy: {maxSurge: -1}",
                "8:24 invalid maxSurge: expected a whole number from 0 to 10000, found -1"
            ),
            (
                "strategy: {maxSurge: \"1\"}",
                "8:24 invalid maxSurge \"1\": expected a whole number or a percentage, for example 1 or 25%"
            ),
            (
                "strategy: {maxSurge: 0.25}",
                "8:24 invalid maxSurge: expected a whole number from 0 to 10000, or a percentage, "
                    + "for example 25%, found the number 0.25"
            ),
            (
                "schedule: {timezone: UTC, windows: []}",
                "8:38 invalid windows: expected at least 1 element, found 0"
            ),
            ("schedule: {timezone: UTC, windows: 1}", "8:38 invalid windows: expected a list, found the number 1"),
            (
                "schedule: {timezone: UTC, windows: [1]}",
                "8:39 invalid windows[0]: expected a mapping, found the number 1"
            ),
            (
                "schedule: {timezone: Berlin time, windows: [{cron: \"* * * * *\", instances: 1}]}",
                "8:24 invalid timezone \"Berlin time\": expected an IANA time zone, for example Europe/Berlin"
            ),
            (
                "schedule: {timezone: Europe/Atlantis, windows: [{cron: \"* * * * *\", instances: 1}]}",
                "8:24 invalid timezone \"Europe/Atlantis\": this system has no such time zone | "
                    + "use an IANA name from /usr/share/zoneinfo, for example Europe/Berlin"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"* 24 * * *\", instances: 1}]}",
                "8:49 invalid cron \"* 24 * * *\": expected an hour from 0 to 23, found `24`"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: '* * * *', instances: 1}]}",
                "8:54 invalid cron \"* * * *\": expected five fields (minute, hour, day of month, month, day of week), "
                    + "found 4"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"@daily\", instances: 1}]}",
                "8:46 invalid cron \"@daily\": `@daily` is not supported: write five fields, for example `0 0 * * *` for @daily"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"\\x2a 24 * * *\", instances: 1}]}",
                "8:46 invalid cron \"* 24 * * *\": expected an hour from 0 to 23, found `24`"
            ),
        ])
    func preset(lines: String, expected: String) {
        let file = parse(presetText(Self.base + lines))
        #expect(file.diagnostics.map(\.brief) == [expected])
        #expect(file.presets == [] && file.invalid == [InvalidDocument(isPreset: true, name: "go")])
    }

    @Test(
        "An error for a value of the wrong kind has the expected kind and the value",
        arguments: [
            ("\"3\"", "14", "the text \"3\" | remove the quotes: instances: 3"), ("three", "14", "the text \"three\""),
            ("3.5", "14", "the number 3.5"), ("1e2", "14", "the number 1e2"), ("true", "14", "true"),
            ("", "13", "an empty value"), ("[3]", "14", "a list"), ("{a: 3}", "14", "a mapping"), ("-1", "14", "-1"),
            ("10001", "14", "10001"), ("99999999999999999999", "14", "the number 99999999999999999999"),
            ("1_000", "14", "the text \"1_000\""),
        ])
    func kinds(value: String, column: String, found: String) {
        #expect(
            parse(presetText("template: go-dev\ninstances: \(value)")).diagnostics.map(\.brief) == [
                "7:\(column) invalid instances: expected a whole number from 0 to 10000, found \(found)"
            ])
    }

    @Test(
        "A name is an RFC 1123 label, and the caret is under the first invalid character",
        arguments: [
            ("Go", "4:9 invalid name \"Go\": "), ("go_large", "4:11 invalid name \"go_large\": "),
            ("'go_large'", "4:12 invalid name \"go_large\": "), ("\"gö\"", "4:11 invalid name \"gö\": "),
            ("go-", "4:11 invalid name \"go-\": "), ("go.dev", "4:11 invalid name \"go.dev\": "),
            ("\"-go\"", "4:9 invalid name \"-go\": "),
        ])
    func names(name: String, expected: String) {
        let file = parse(presetText("template: go-dev\ninstances: 1").replacing("name: go\n", with: "name: \(name)\n"))
        #expect(
            file.diagnostics.map(\.brief) == [
                expected + "expected a name of a-z, 0-9 and - that begins and ends with a letter or digit"
            ])
        #expect(file.invalid == [InvalidDocument(isPreset: true, name: nil)])
    }

    @Test(
        "An error for a missing key has the position of the mapping and describes the key",
        arguments: [
            (
                "metadata: {name: go}",
                "1:1 invalid preset: the required key \"spec\" is missing | "
                    + "add \"spec\": the definition of the pool"
            ),
            (
                "spec: {template: t, instances: 1}",
                "1:1 invalid preset: the required key \"metadata\" is missing | "
                    + "add \"metadata\": the name, the labels and the annotations of the preset"
            ),
            (
                "metadata: {}\nspec: {template: t, instances: 1}",
                "3:11 invalid metadata: the required key \"name\" is missing | "
                    + "add \"name\": the name, unique in the source"
            ),
            (
                "metadata: {name: go}\nspec: {instances: 1}",
                "4:7 invalid spec: the required key \"template\" is missing | "
                    + "add \"template\": the name of the template from which the workspaces are created"
            ),
            (
                "metadata: {name: go}\nspec: {template: t}",
                "4:7 invalid spec: the required key \"instances\" is missing | "
                    + "add \"instances\": the number of workspaces that should be ready"
            ),
            ("metadata: {name: go}\nspec:", "4:6 invalid spec: expected a mapping, found an empty value"),
            // A misspelled key is one mistake.
            (
                "metadata: {name: go}\nspec: {template: t, instnces: 3}",
                "4:21 invalid spec: unknown key \"instnces\" | did you mean \"instances\"?"
            ),
        ])
    func missing(lines: String, expected: String) {
        #expect(parse("apiVersion: prewarm/v1\nkind: Preset\n\(lines)\n").diagnostics.map(\.brief) == [expected])
    }

    @Test(
        "Another version or kind is refused",
        arguments: [
            (
                "apiVersion: prewarm/v2\nkind: Preset",
                "1:13 invalid apiVersion \"prewarm/v2\": expected prewarm/v1 | "
                    + "write apiVersion: prewarm/v1, the only version that this prewarm supports"
            ),
            (
                "apiVersion: prewarm/v1",
                "1:1 invalid document: the required key \"kind\" is missing | write kind: Preset or kind: Template"
            ),
            (
                "apiVersion: prewarm/v1\nkind: Presets",
                "2:7 invalid kind: expected Preset or Template, found the text \"Presets\" | "
                    + "did you mean \"Preset\"?"
            ),
            (
                "apiVersion: prewarm/v1\nkind: 3",
                "2:7 invalid kind: expected Preset or Template, found the number 3 | "
                    + "write kind: Preset or kind: Template"
            ),
            (
                "apiVersion: prewarm/v1\nkind: [Preset]",
                "2:7 invalid kind: expected Preset or Template, found a list | write kind: Preset or kind: Template"
            ),
        ])
    func versions(text: String, expected: String) {
        let file = parse(text)
        #expect(file.diagnostics.map(\.brief) == [expected])
        let isPreset = text.hasSuffix("Preset")
        #expect(file.invalid.map(\.isPreset) == (isPreset ? [true] : [true, false]), "it may be of either kind")
        #expect(file.invalid.allSatisfy { $0.name == nil })
    }

    @Test("Labels and annotations have the limits of Kubernetes")
    func labels() {
        let text = presetText("template: go-dev\ninstances: 1")
            .replacing("spec:", with: "  labels: {-a: x, b: -x, c: 1, d/e/f: x}\n  annotations: {a b: ''}\nspec:")
        #expect(
            parse(text).diagnostics.map(\.brief) == [
                "5:12 invalid key \"-a\" in labels: expected the key of a label, for example team or example.org/team",
                "5:22 invalid b \"-x\": expected up to 63 of letters, digits, - _ . beginning and ending with "
                    + "a letter or digit",
                "5:29 invalid c: expected the value of a label: up to 63 of letters, digits, - _ . beginning and "
                    + "ending with a letter or digit, found the number 1 | add quotes: c: \"1\"",
                "5:32 invalid key \"d/e/f\" in labels: expected the key of a label, for example team or "
                    + "example.org/team",
                "6:17 invalid key \"a b\" in annotations: expected the key of a label, for example team or "
                    + "example.org/team",
                "6:22 invalid a b \"\": expected text",
            ])
    }

    @Test("Errors beyond the shape are reported beside errors of the shape, each of them once")
    func besideTheShape() {
        let preset = parse(
            presetText(
                "template: go-dev\ninstances: x\nschedule: {timezone: Europe/Berlni, windows: [{cron: '* * *', instances: 1}]}"
            ))
        #expect(preset.diagnostics.map { $0.position?.line } == [7, 8, 8])
        #expect(
            preset.diagnostics.last?.message
                == "invalid timezone \"Europe/Berlni\": this system has no such time zone")
        let noZone = parse(presetText("template: go-dev\ninstances: 1\nschedule: {timezone: 3, windows: []}"))
        #expect(noZone.diagnostics.count == 2)
        let template = parse(
            templateText(
                "parameters:\n- {name: a, type: integer, default: 1.5}\n- {name: b, type: string, pattern: '('}"))
        #expect(template.diagnostics.count == 2)
        #expect(template.diagnostics.contains { $0.message.hasPrefix("invalid default of \"a\"") })
    }

    @Test("All errors of a file are reported at once, each with its line")
    func allAtOnce() {
        let file = parse(
            presetText("template: Go\ninstances: x\nttl: never\nnope: 1") + "---\n"
                + templateText("provisioner: 3\nactiveVersion: 1.0"))
        #expect(
            file.diagnostics.map { "\($0.position?.line ?? 0) \($0.excerpt ?? "")" } == [
                "6   template: Go", "7   instances: x", "8   ttl: never", "9   nope: 1", "16   provisioner: 3",
                "17   activeVersion: 1.0",
            ])
        #expect(
            file.invalid == [
                InvalidDocument(isPreset: true, name: "go"), InvalidDocument(isPreset: false, name: "go-dev"),
            ])
    }

    @Test("A diagnostic quotes the line as it is in the file, or the part of a long line around the error")
    func excerpts() {
        let text = "\u{feff}apiVersion: prewarm/v2 # é\r\nkind: Preset\r\n"
        #expect(parse(text).diagnostics.first?.excerpt == "apiVersion: prewarm/v2 # é")
        let long = presetText("template: go-dev\ninstances: 1\n\(String(repeating: "x", count: 500)): 1")
        #expect(
            parse(long).diagnostics.first?.text().text.split(separator: "\n").dropFirst().prefix(2) == [
                "  8 |   \(String(repeating: "x", count: 158))…", "    |   ^",
            ])
        let parameters = (0..<90).map { "p\($0): \($0)" }.joined(separator: ", ")
        let far = parse(presetText("template: go-dev\ninstances: 1\nparameters: {\(parameters), wrong: [1]}"))
        let lines = far.diagnostics.first?.text().text.split(separator: "\n", omittingEmptySubsequences: false) ?? []
        #expect(lines.count == 3 && lines[1].hasPrefix("  8 | …") && lines[1].hasSuffix("wrong: [1]}"))
        #expect(lines.count == 3 && lines[1].dropFirst(lines[2].count - 1) == "[1]}", "the caret is under it")
        let wide = parse(presetText("template: go-dev\ninstances: 1\nparameters: {a: \"日本\", b: [1]}"))
        let caret = "\n    | " + String(repeating: " ", count: 29) + "^"
        #expect(wide.diagnostics.first?.text().text.hasSuffix(caret) == true)
        #expect(
            parse(long).diagnostics.first?.message
                == "invalid spec: unknown key \"\(String(repeating: "x", count: 59))…\"")
    }
}
