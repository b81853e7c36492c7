import Foundation
import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Defaults in the schemas")
struct SchemaDefaultTests {
    private typealias Object = [String: Any]

    /// Returns the schema of a key of a document. For a list, it returns the schema of the elements.
    private func schema(_ kind: SchemaGenerator.Kind, _ path: String...) throws -> Object {
        let data = Data(SchemaGenerator.schema(kind).utf8)
        var schema = try #require(try JSONSerialization.jsonObject(with: data) as? Object)
        for key in path {
            let properties = try #require(schema["properties"] as? Object)
            var value = try #require(properties[key] as? Object)
            if let choice = (value["anyOf"] as? [Object])?.first { value = choice }
            schema = value["items"] as? Object ?? value
        }
        return schema
    }

    /// Returns the defaults that a schema states for the keys of an object, including those of nested objects.
    private func defaults(_ schema: Object, except excluded: Set<String> = []) -> Object {
        var found: Object = [:]
        for (key, value) in schema["properties"] as? Object ?? [:] where !excluded.contains(key) {
            guard let value = value as? Object else { continue }
            if let standard = value["default"] {
                found[key] = standard
            } else if let choice = (value["anyOf"] as? [Object])?.first {
                let inner = defaults(choice)
                if !inner.isEmpty { found[key] = inner }
            }
        }
        return found
    }

    /// Returns an entry of YAML for each key.
    private func entries(_ object: Object) throws -> [String] {
        try object.keys.sorted().map { key in
            let data = try JSONSerialization.data(
                withJSONObject: object[key] ?? NSNull(),
                options: [.fragmentsAllowed, .withoutEscapingSlashes, .sortedKeys])
            return "\(key): \(String(decoding: data, as: UTF8.self))"
        }
    }

    @Test("The parser of presets takes the defaults of the schema")
    func presets() throws {
        let lines = try entries(defaults(schema(.preset, "spec"), except: ["lease"]))
        #expect(lines.count == 9)
        let base = "template: go-dev\ninstances: 1"
        let written = parse(presetText(([base] + lines).joined(separator: "\n")))
        #expect(written.diagnostics == [])
        #expect(written.presets == parse(presetText(base)).presets)
    }

    @Test("The parser of leases takes the defaults of the schema")
    func leases() throws {
        let lines = try entries(defaults(schema(.preset, "spec", "lease")))
        #expect(lines == [#"grace: "0s""#, #"onExpiry: "Delete""#])
        let base = "template: go-dev\ninstances: 1\nlease: {ttl: 8h"
        let written = parse(presetText(([base] + lines).joined(separator: ", ") + "}"))
        #expect(written.diagnostics == [])
        #expect(written.presets.first?.lease == parse(presetText(base + "}")).presets.first?.lease)
        #expect(written.presets.first?.lease?.warn == .seconds(2880))
    }

    @Test("The parser of templates takes the defaults of the schema")
    func templates() throws {
        let rule = ["name: a", "type: string"]
        let more = try entries(defaults(schema(.template, "spec", "parameters")))
        let claim = try defaults(schema(.template, "spec", "claim"))
        #expect(try claim.count == 3 && defaults(schema(.template, "spec", "claim", "parameters")).count == 2)
        // Without `health`, there are no health checks, so its keys have no defaults for a template without it.
        let lines = try entries(defaults(schema(.template, "spec"), except: ["claim", "health"]))
        let health = try entries(defaults(schema(.template, "spec", "health")))
        #expect(more.count == 1 && lines.count == 1 && health.count == 3)
        let whole = parse(templateText("claim: {\(try entries(claim).joined(separator: ", "))}")).templates
        #expect(whole == parse(templateText("claim: {}")).templates && whole.count == 1)
        func template(_ rule: [String], _ lines: [String]) -> ParsedFile {
            let parameters = "parameters: [{\(rule.joined(separator: ", "))}]"
            return parse(templateText(([parameters] + lines).joined(separator: "\n")))
        }
        let written = template(rule + more, lines)
        #expect(written.diagnostics == [])
        #expect(written.templates == template(rule, []).templates)
        let checked = template(rule, ["health: {\(health.joined(separator: ", "))}"])
        #expect(checked.diagnostics == [])
        #expect(checked.templates == template(rule, ["health: {}"]).templates)
    }

    private func configuration(
        source: Object = [:], provisioner: Object = [:], more: Object = [:]
    ) throws -> Configuration {
        func rest(_ object: Object) throws -> String { try entries(object).map { ", \($0)" }.joined() }
        let lines = [
            "apiVersion: prewarm/v1", "kind: Config", "sources:",
            "  - {name: presets, url: ../presets\(try rest(source))}", "provisioners:",
            "  - {name: local, command: [./provision]\(try rest(provisioner))}",
        ]
        let text = (lines + (try entries(more))).map { $0 + "\n" }.joined()
        let (found, diagnostics) = ConfigurationParser.parse(Array(text.utf8), file: "prewarm.yaml") { _ in nil }
        return try #require(found, "\(diagnostics)")
    }

    @Test("The parser of the configuration takes the defaults of the schema")
    func configurations() throws {
        // These keys are compared below, or have no default of their own.
        let source = try defaults(
            schema(.config, "sources"), except: ["auth", "verify", "path", "maxPackSize"])
        let written = try configuration(
            source: source,
            provisioner: defaults(schema(.config, "provisioners"), except: ["container", "kubernetes"]),
            more: [
                "policy": defaults(schema(.config, "policy")),
                "server": defaults(schema(.config, "server"), except: ["listen"]),
            ])
        #expect(source.count == 6)
        #expect(try written == configuration())
    }

    @Test("A source and its freezes take the defaults of the schema")
    func sources() throws {
        let standard = try defaults(schema(.config, "sources"))
        let size = try #require(standard["maxPackSize"] as? String)
        let path = try #require(standard["path"] as? String)
        #expect(UInt64(sizeText: size) == 1 << 30)
        #expect(try configuration().sources[0].paths.map(\.value) == [path])
        let freeze: Object = ["cron": "0 18 * * 5", "duration": "62h"]
        let more = try defaults(schema(.config, "sources", "freeze"))
        let written = try configuration(source: ["freeze": [freeze.merging(more) { first, _ in first }]])
        #expect(more.count == 2)
        #expect(try written == configuration(source: ["freeze": [freeze]]))
    }
}
