import PrewarmCore
import PrewarmManifests
import Testing

@Suite("Errors of manifests")
struct ManifestErrorTests {
    private static let base = "template: go-dev\ninstances: 1\n"

    @Test(
        "A preset's error has its place, its sentence and a hint",
        arguments: [
            ("instanses: 3", "8:3 spec has no key \"instanses\" | did you mean \"instances\"?"),
            (
                "replicas: 3",
                "8:3 spec has no key \"replicas\" | known are template, version, parameters, instances, ttl, "
                    + "schedule, strategy, failureLimit, onEmpty, priority, keepFailed, deletionPolicy, mode, deprecated, suspended"
            ),
            (
                "<<: {ttl: 1h}",
                "8:3 spec has no key \"<<\" | YAML 1.2 has no merge keys: write the values out"
            ),
            ("ttl: 1h\nttl: 2h", "9:3 the key \"ttl\" is in spec twice, first at line 8 | remove one of them"),
            ("[a]: 1", "8:3 a key of spec is a collection, expected text"),
            (
                "version: 1.0",
                "8:12 version is the number 1.0, expected a version, as 1.4.2 or 2026-11 | "
                    + "put it in quotes to make it text: \"1.0\""
            ),
            (
                "version: [1]", "8:12 version is a list, expected a version, as 1.4.2 or 2026-11"
            ),
            (
                "version: \"1 0\"",
                "8:12 version is \"1 0\": expected a version of letters, digits and . _ + @ : / -, as 1.4.2"
            ),
            (
                "version: \"\"", "8:12 version is \"\": expected a version, as 1.4.2 or 2026-11"
            ),
            ("ttl: 24", "8:8 ttl is the number 24, expected a duration of at least 1m, as 90s, 15m, 24h or 7d"),
            ("ttl: 1 day", "8:8 ttl is \"1 day\": expected a duration as 90s, 15m, 24h or 7d"),
            ("ttl: 59s", "8:8 ttl is \"59s\": expected at least 1m"),
            ("failureLimit: 0", "8:17 failureLimit is 0, expected 1 to 1000"),
            ("failureLimit: 2.5", "8:17 failureLimit is the number 2.5, expected a whole number"),
            ("failureLimit: 2.0", "8:17 failureLimit is the number 2.0, expected a whole number"),
            (
                "suspended: yes",
                "8:14 suspended is the text \"yes\", expected true or false | "
                    + "YAML 1.2 knows only true and false"
            ),
            ("suspended: \"true\"", "8:14 suspended is the text \"true\", expected true or false | remove the quotes"),
            ("suspended: 1", "8:14 suspended is the number 1, expected true or false"),
            (
                "deprecated: no",
                "8:15 deprecated is the text \"no\", expected true or false or a mapping | "
                    + "YAML 1.2 knows only true and false"
            ),
            ("deprecated: {reason: old}", "8:16 deprecated has no key \"reason\" | known are message, replacement"),
            ("parameters: [cpu]", "8:15 parameters is a list, expected a mapping"),
            ("parameters: {cpu: }", "8:21 cpu is empty, expected text, a number, true or false or a mapping"),
            ("parameters: {cpu: [1]}", "8:21 cpu is a list, expected text, a number, true or false or a mapping"),
            (
                "parameters: {cpu: .inf}",
                "8:21 cpu is the number .inf, expected text, a number, true or false | "
                    + "put it in quotes to make it text: \".inf\""
            ),
            (
                "parameters: {2cpu: 1}",
                "8:16 the key \"2cpu\" of parameters is not allowed: "
                    + "expected a letter or _, then letters, digits, _ and -"
            ),
            (
                "parameters: {t: {valueFrom: {}}}",
                "8:31 valueFrom lacks \"secret\", which is required | "
                    + "secret: the name of a secret of the configuration"
            ),
            (
                "strategy: {type: rollingupdate}",
                "8:20 type is \"rollingupdate\": "
                    + "expected one of RollingUpdate, Recreate | did you mean \"RollingUpdate\"?"
            ),
            (
                "strategy: {maxSurge: 0, maxUnavailable: 0%}",
                "8:13 maxSurge and maxUnavailable are both 0, "
                    + "so that nothing could ever be replaced | let one of them be at least 1"
            ),
            ("strategy: {maxSurge: 101%}", "8:24 maxSurge is \"101%\": expected at most 100%"),
            ("strategy: {maxSurge: 050%}", "8:24 maxSurge is \"050%\": expected a percentage, as 25%"),
            ("strategy: {maxSurge: -1}", "8:24 maxSurge is -1, expected 0 to 10000"),
            ("strategy: {maxSurge: \"1\"}", "8:24 maxSurge is \"1\": expected a percentage, as 25%"),
            (
                "strategy: {maxSurge: 0.25}",
                "8:24 maxSurge is the number 0.25, "
                    + "expected a whole number or a percentage, as 25%"
            ),
            ("schedule: {timezone: UTC, windows: []}", "8:38 windows is empty, expected at least 1"),
            ("schedule: {timezone: UTC, windows: 1}", "8:38 windows is the number 1, expected a list"),
            ("schedule: {timezone: UTC, windows: [1]}", "8:39 windows[0] is the number 1, expected a mapping"),
            (
                "schedule: {timezone: Berlin time, windows: [{cron: \"* * * * *\", instances: 1}]}",
                "8:24 timezone is \"Berlin time\": expected an IANA time zone, as Europe/Berlin"
            ),
            (
                "schedule: {timezone: Europe/Atlantis, windows: [{cron: \"* * * * *\", instances: 1}]}",
                "8:24 this system knows no time zone \"Europe/Atlantis\" | expected an IANA name, as Europe/Berlin; "
                    + "the names are those of /usr/share/zoneinfo"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"* 24 * * *\", instances: 1}]}",
                "8:49 cron is \"* 24 * * *\": expected an hour from 0 to 23, found `24`"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: '* * * *', instances: 1}]}",
                "8:54 cron is \"* * * *\": expected five fields (minute, hour, day of month, month, day of week), "
                    + "found 4"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"@daily\", instances: 1}]}",
                "8:46 cron is \"@daily\": `@daily` is not supported: write five fields, for example `0 0 * * *` for @daily"
            ),
            (
                "schedule: {timezone: UTC, windows: [{cron: \"\\x2a 24 * * *\", instances: 1}]}",
                "8:46 cron is \"* 24 * * *\": expected an hour from 0 to 23, found `24`"
            ),
        ])
    func preset(lines: String, expected: String) {
        let file = parse(presetText(Self.base + lines))
        #expect(file.diagnostics.map(\.brief) == [expected])
        #expect(file.presets == [] && file.invalid == [InvalidDocument(isPreset: true, name: "go")])
    }

    @Test(
        "A value of the wrong kind says what is there and what should be",
        arguments: [
            ("\"3\"", "7:14 instances is the text \"3\", expected a whole number | remove the quotes"),
            ("three", "7:14 instances is the text \"three\", expected a whole number"),
            ("3.5", "7:14 instances is the number 3.5, expected a whole number"),
            ("1e2", "7:14 instances is the number 1e2, expected a whole number"),
            ("true", "7:14 instances is true, expected a whole number"),
            ("", "7:13 instances is empty, expected a whole number"),
            ("[3]", "7:14 instances is a list, expected a whole number"),
            ("{a: 3}", "7:14 instances is a mapping, expected a whole number"),
            ("-1", "7:14 instances is -1, expected 0 to 10000"),
            ("10001", "7:14 instances is 10001, expected 0 to 10000"),
            (
                "99999999999999999999",
                "7:14 instances is the number 99999999999999999999, expected a whole number"
            ),
            ("1_000", "7:14 instances is the text \"1_000\", expected a whole number"),
        ])
    func kinds(value: String, expected: String) {
        #expect(parse(presetText("template: go-dev\ninstances: \(value)")).diagnostics.map(\.brief) == [expected])
    }

    @Test(
        "A name is an RFC 1123 label, and the caret is under what is wrong",
        arguments: [
            ("Go", "4:9 name is \"Go\": "), ("go_large", "4:11 name is \"go_large\": "),
            ("'go_large'", "4:12 name is \"go_large\": "), ("\"gö\"", "4:11 name is \"gö\": "),
            ("go-", "4:11 name is \"go-\": "), ("go.dev", "4:11 name is \"go.dev\": "),
            ("\"-go\"", "4:9 name is \"-go\": "),
        ])
    func names(name: String, expected: String) {
        let file = parse(presetText("template: go-dev\ninstances: 1").replacing("name: go\n", with: "name: \(name)\n"))
        #expect(
            file.diagnostics.map(\.brief) == [
                expected + "expected a name of a-z, 0-9 and -, that begins and ends with a letter or digit"
            ])
        #expect(file.invalid == [InvalidDocument(isPreset: true, name: nil)])
    }

    @Test(
        "What is missing is said where it should stand",
        arguments: [
            (
                "metadata: {name: go}",
                "1:1 the preset lacks \"spec\", which is required | "
                    + "spec: what the pool is made of, and how large it is"
            ),
            (
                "spec: {template: t, instances: 1}",
                "1:1 the preset lacks \"metadata\", which is required | "
                    + "metadata: name, labels, annotations"
            ),
            (
                "metadata: {}\nspec: {template: t, instances: 1}",
                "3:11 metadata lacks \"name\", which is required | "
                    + "name: the identity, unique in the source, wherever the file lies"
            ),
            (
                "metadata: {name: go}\nspec: {instances: 1}",
                "4:7 spec lacks \"template\", which is required | "
                    + "template: what workspaces are made of"
            ),
            (
                "metadata: {name: go}\nspec: {template: t}",
                "4:7 spec lacks \"instances\", which is required | "
                    + "instances: how many are wanted"
            ),
            ("metadata: {name: go}\nspec:", "4:6 spec is empty, expected a mapping"),
        ])
    func missing(lines: String, expected: String) {
        #expect(parse("apiVersion: prewarm/v1\nkind: Preset\n\(lines)\n").diagnostics.map(\.brief) == [expected])
    }

    @Test(
        "Another version or kind is refused",
        arguments: [
            (
                "apiVersion: prewarm/v2\nkind: Preset",
                "1:13 apiVersion is \"prewarm/v2\", expected \"prewarm/v1\" | "
                    + "this prewarm knows only prewarm/v1"
            ),
            ("apiVersion: prewarm/v1", "1:1 the document lacks \"kind\", expected Preset or Template"),
            (
                "apiVersion: prewarm/v1\nkind: Presets",
                "2:7 kind is the text \"Presets\", expected Preset or Template | "
                    + "did you mean \"Preset\"?"
            ),
            ("apiVersion: prewarm/v1\nkind: 3", "2:7 kind is the number 3, expected Preset or Template"),
            ("apiVersion: prewarm/v1\nkind: [Preset]", "2:7 kind is a list, expected Preset or Template"),
        ])
    func versions(text: String, expected: String) {
        let file = parse(text)
        #expect(file.diagnostics.map(\.brief) == [expected])
        let isPreset = text.hasSuffix("Preset")
        #expect(file.invalid.map(\.isPreset) == (isPreset ? [true] : [true, false]), "it may be meant to be either")
        #expect(file.invalid.allSatisfy { $0.name == nil })
    }

    @Test("Labels and annotations have the limits of Kubernetes")
    func labels() {
        let text = presetText("template: go-dev\ninstances: 1")
            .replacing("spec:", with: "  labels: {-a: x, b: -x, c: 1, d/e/f: x}\n  annotations: {a b: ''}\nspec:")
        #expect(
            parse(text).diagnostics.map(\.brief) == [
                "5:12 the key \"-a\" of labels is not allowed: expected a label's key, as team or example.org/team",
                "5:22 b is \"-x\": expected up to 63 letters, digits, - _ . that begin and end with a letter or digit",
                "5:29 c is the number 1, expected a label's value: up to 63 letters, digits, - _ . that begins "
                    + "and ends with a letter or digit | put it in quotes to make it text: \"1\"",
                "5:32 the key \"d/e/f\" of labels is not allowed: expected a label's key, as team or example.org/team",
                "6:17 the key \"a b\" of annotations is not allowed: "
                    + "expected a label's key, as team or example.org/team",
                "6:22 a b is \"\": expected text",
            ])
    }

    @Test("What needs more than its shape is told beside errors of the shape, and of nothing twice")
    func besideTheShape() {
        let preset = parse(
            presetText(
                "template: go-dev\ninstances: x\nschedule: {timezone: Europe/Berlni, windows: [{cron: '* * *', instances: 1}]}"
            ))
        #expect(preset.diagnostics.map { $0.position?.line } == [7, 8, 8])
        #expect(preset.diagnostics.last?.message == "this system knows no time zone \"Europe/Berlni\"")
        let noZone = parse(presetText("template: go-dev\ninstances: 1\nschedule: {timezone: 3, windows: []}"))
        #expect(noZone.diagnostics.count == 2)
        let template = parse(
            templateText(
                "parameters:\n- {name: a, type: integer, default: 1.5}\n- {name: b, type: string, pattern: '('}"))
        #expect(template.diagnostics.count == 2)
        #expect(template.diagnostics.contains { $0.message.hasPrefix("the default of \"a\"") })
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

    @Test("The line is shown as it is in the file; of a long one the part around the error")
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
                == "spec has no key \"\(String(repeating: "x", count: 59))…\"")
    }
}
