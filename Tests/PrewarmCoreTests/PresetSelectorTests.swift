import PrewarmCore
import Testing

@Suite("Selectors of presets")
struct PresetSelectorTests {
    private func preset(_ labels: [String: String], _ parameters: [String: ParameterValue] = [:]) -> Preset {
        Preset(
            key: PresetKey(source: "main", name: "go"), labels: labels, origin: Origin(file: "go.yaml", line: 1),
            spec: WorkspaceSpec(template: "go", version: "1", provisioner: "local", parameters: parameters),
            instances: 1)
    }

    @Test("A preset matches if it has each term as a label or as a parameter")
    func matches() throws {
        let preset = preset(
            ["lang": "go", "region": "eu"],
            [
                "cpu": .integer(8), "memory": .number(1.5), "disks": .number(2), "gpu": .boolean(true),
                "region": .string("us"),
            ])
        for text in [
            "lang=go", "cpu=8", "memory=1.5", "disks=2", "gpu=true", "lang=go,cpu=8", "region=eu", "region=us",
        ] {
            #expect(try PresetSelector(text).matches(preset), "\(text)")
        }
        for text in ["lang=rust", "lang=go,cpu=4", "cpu=8.0", "gpu=yes", "size=large"] {
            #expect(try !PresetSelector(text).matches(preset), "\(text)")
        }
    }

    @Test("A secret never matches, not even by its name")
    func secrets() throws {
        #expect(try !PresetSelector("token=TOKEN").matches(preset([:], ["token": .secret("TOKEN")])))
    }

    @Test("The text of a selector does not depend on the order of its terms")
    func order() throws {
        #expect(try PresetSelector("b=2,a=1") == PresetSelector("a=1,b=2"))
        #expect(try PresetSelector("b=2,a=1").description == "a=1,b=2")
        #expect(try PresetSelector("a=b=c").terms.first?.value == "b=c")
    }

    @Test(
        "An invalid selector is refused with the reason",
        arguments: [
            ("", "expected KEY=VALUE, found \"\""), ("lang", "expected KEY=VALUE, found \"lang\""),
            ("lang=", "expected a value of 1 to 256 characters for \"lang\""),
            ("=go", "expected a key of 1 to 317 characters before ="),
            ("a=1,a=2", "expected each key once, found \"a\" twice"), ("a=1,", "expected KEY=VALUE, found \"\""),
            (
                (0...16).map { "k\($0)=v" }.joined(separator: ","),
                "expected 1 to 16 labels or parameters, found 17"
            ),
            ("a=" + String(repeating: "x", count: 257), "expected a value of 1 to 256 characters for \"a\""),
        ])
    func invalid(text: String, message: String) {
        #expect(throws: TextError(message: message)) { try PresetSelector(text) }
    }
}
