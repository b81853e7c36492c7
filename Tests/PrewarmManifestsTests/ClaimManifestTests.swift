import PrewarmCore
import PrewarmManifests
import Testing

@Suite("The key claim of a template")
struct ClaimManifestTests {
    private static let claim = """
        provisioner: local
        activeVersion: "1"
        claim:
          parameters:
            - {name: branch, type: string, pattern: "^[a-z]+$", default: main}
            - {name: gitToken, type: string, secret: true, required: true}
          timeout: 90s
          onFailure: keep
        """

    @Test("Claim parameters, the timeout and the failure policy are read")
    func whole() throws {
        let file = parse(templateText(Self.claim))
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics.map(\.brief))")
        let handover = try #require(file.templates.first?.handover).value
        #expect(handover.timeout == .seconds(90) && handover.onFailure == .keep)
        #expect(handover.parameters.map(\.name) == ["branch", "gitToken"])
        #expect(handover.parameters.map(\.isSecret) == [false, true])
        #expect(handover.parameters[1].rule.isRequired)
        let again = try ParsedFile(binary: file.binary)
        #expect(again.templates == file.templates)
        let standard = try #require(parse(templateText("claim: {}")).templates.first?.handover).value
        #expect(standard == HandoverSpec(parameters: [], timeout: .seconds(30), onFailure: .replace))
        #expect(parse(templateText("provisioner: local")).templates.first?.handover == nil)
    }

    @Test(
        "An invalid claim is refused with its place",
        arguments: [
            (
                "{name: a, type: integer, secret: true}",
                "8:42 invalid secret: it requires the type string, but \"a\" has the type integer | "
                    + "remove secret, or change the type"
            ),
            (
                "{name: a, type: string, secret: true, default: x}",
                "8:56 invalid default: \"a\" is a secret, and a manifest must not have its value | remove default"
            ),
            (
                "{name: a, type: string, secret: true, enum: [x]}",
                "8:53 invalid enum: \"a\" is a secret, and a manifest must not have its value | remove enum"
            ),
            (
                "{name: a, type: string}\n    - {name: a, type: string}",
                "9:16 duplicate parameter \"a\", first at line 8 | rename or remove one of the two"
            ),
            (
                "{name: a-b, type: string}\n    - {name: a_b, type: string}",
                "9:16 the parameters \"a-b\" and \"a_b\" both become PREWARM_CLAIM_A_B | rename one of the two"
            ),
            (
                "{name: a, type: string, minimum: 1}",
                "8:42 invalid minimum: it requires the type number or integer, but \"a\" has the type string | "
                    + "remove minimum, or change the type"
            ),
        ])
    func invalid(parameter: String, message: String) {
        let file = parse(templateText("claim:\n  parameters:\n    - \(parameter)"))
        #expect(file.diagnostics.map(\.brief) == [message])
        #expect(file.templates.isEmpty)
    }

    private static func catalog(_ offering: Set<String>?, previous: Catalog? = nil) -> Catalog {
        Catalog(
            source: "main",
            files: [
                (path: "t.yaml", file: parse(templateText(Self.claim))),
                (path: "p.yaml", file: parse(presetText("template: go-dev\ninstances: 1"))),
            ],
            provisioners: ["local"], defaultProvisioner: "local", handoverProvisioners: offering,
            previous: previous?.presets ?? [], previousTemplates: previous?.templates ?? [])
    }

    @Test("A provisioner without the operation claim makes the template invalid, and what is applied stays")
    func withoutOperation() {
        let valid = Self.catalog(["local"])
        #expect(valid.diagnostics.isEmpty && valid.presets.count == 1)
        let invalid = Self.catalog([], previous: valid)
        #expect(
            invalid.diagnostics.first { $0.severity == .error }?.brief
                == "9:5 invalid claim: the provisioner \"local\" does not offer the operation claim | add claim to "
                + "`operations` of the provisioner in the configuration (for containers: set `handover`), or remove "
                + "`claim` from the template", "\(invalid.diagnostics.map(\.brief))")
        #expect(invalid.presets == valid.presets && invalid.templates == valid.templates)
        #expect(Self.catalog(nil).diagnostics.isEmpty, "without a configuration, any provisioner may offer it")
    }

    @Test("A claim is no part of the fingerprint")
    func fingerprint() {
        let plain = Catalog(
            source: "main",
            files: [
                (path: "t.yaml", file: parse(templateText("provisioner: local\nactiveVersion: \"1\""))),
                (path: "p.yaml", file: parse(presetText("template: go-dev\ninstances: 1"))),
            ],
            provisioners: ["local"], defaultProvisioner: "local", previous: [], previousTemplates: [])
        #expect(plain.presets.map(\.fingerprint) == Self.catalog(["local"]).presets.map(\.fingerprint))
    }
}
