import PrewarmCore
import Testing

@testable import PrewarmManifests

@Suite("Limits for hostile manifests")
struct BoundTests {
    /// Returns the size of all messages, hints and quoted lines in bytes.
    private func size(_ diagnostics: [Diagnostic]) -> Int {
        diagnostics.reduce(0) {
            $0 + $1.message.utf8.count + ($1.hint?.utf8.count ?? 0) + ($1.excerpt?.utf8.count ?? 0)
        }
    }

    static let hostile: [(String, String)] = [
        ("unknown keys", presetText((0..<18_000).map { "k\($0): 1" }.joined(separator: "\n"))),
        (
            "unknown keys on one line",
            "{apiVersion: prewarm/v1, kind: Preset, spec: {"
                + (0..<6_000).map { "k\($0): 1" }.joined(separator: ", ") + "}}"
        ),
        ("documents", String(repeating: "---\napiVersion: prewarm/v1\n", count: 2_000)),
        ("documents of unknown kinds", String(repeating: "---\napiVersion: prewarm/v1\nkind: X\n", count: 1_500)),
        (
            "wrapped manifests",
            "items:\n" + String(repeating: "- {apiVersion: prewarm/v1, kind: Preset}\n", count: 1_500)
        ),
        (
            "labels",
            presetText("template: go").replacing(
                "  name: go\n",
                with: "  name: go\n  labels: {" + (0..<2_000).map { "a\($0): [1]" }.joined(separator: ", ") + "}\n")
        ),
        (
            "windows",
            presetText(
                "template: go\ninstances: 1\nschedule:\n  timezone: UTC\n  windows: ["
                    + String(repeating: "{}, ", count: 10_000) + "{}]")
        ),
        (
            "enum values",
            templateText(
                "parameters: [{name: a, type: string, enum: ["
                    + String(repeating: "1,", count: 20_000) + "1]}]")
        ),
        ("rules", templateText("parameters: [" + String(repeating: "{name: a, type: string},", count: 2_000) + "]")),
        ("one long key", presetText(String(repeating: "k", count: 900) + ": 1")),
        ("a long name", presetText("template: \"" + String(repeating: "\u{301}", count: 20_000) + "\"")),
        ("a long apiVersion", "apiVersion: prewarm/" + String(repeating: "v", count: 50_000) + "\nkind: Preset\n"),
        ("a long kind", "apiVersion: prewarm/v1\nkind: " + String(repeating: "P", count: 50_000) + "\n"),
        ("a long anchor", "apiVersion: prewarm/v1\nkind: *" + String(repeating: "a", count: 50_000) + "\n"),
        ("a long tag", "apiVersion: prewarm/v1\nkind: !" + String(repeating: "a", count: 50_000) + " x\n"),
        ("nested brackets", "apiVersion: prewarm/v1\nkind: " + String(repeating: "[", count: 50_000)),
        ("aliases", "apiVersion: prewarm/v1\na: &a [1]\nb: [" + String(repeating: "*a, ", count: 10_000) + "*a]\n"),
        ("comments", String(repeating: "# apiVersion: prewarm/v1\n# name: a\n", count: 2_000)),
    ]

    @Test("A file has at most 101 diagnostics with less than 200,000 bytes", arguments: hostile)
    func ofAFile(name: String, text: String) {
        let file = parse(String(text.prefix(ManifestParser.sizeLimit)))
        #expect(file.diagnostics.count <= Diagnostic.mostInFile + 1)
        #expect(size(file.diagnostics) < 200_000, "\(size(file.diagnostics))")
        #expect(file.diagnostics.allSatisfy { $0.message.unicodeScalars.count <= 1_000 })
        #expect(file.diagnostics.allSatisfy { ($0.excerpt?.unicodeScalars.count ?? 0) <= 162 })
        #expect(file.setAside.count <= ManifestScan.mostNames)
        #expect(file.binary.count < 2 << 20, "the size of the cached result: \(file.binary.count)")
    }

    @Test("The last diagnostic of a file counts the errors beyond the limit")
    func counted() {
        let keys = (0..<18_000).map { "k\($0): 1" }.joined(separator: "\n")
        let file = parse(presetText("template: go\ninstances: 1\n" + keys))
        #expect(file.diagnostics.count == 101)
        #expect(file.diagnostics.last?.message == "and 17900 more errors in this file")
        #expect(file.diagnostics.last?.severity == .error)
        let both = Catalog(
            source: "s", files: (0..<30).map { ("\($0 + 10).yaml", file) }, provisioners: nil,
            defaultProvisioner: "local", previous: [], previousTemplates: [])
        #expect(both.diagnostics.count <= Diagnostic.mostInSource + 30)
        #expect(Set(both.diagnostics.map(\.file)).count >= 30, "each file is named")
        #expect(both.diagnostics.last?.message.hasSuffix("in the manifests") == true)
    }

    @Test("Suggestions for many misspelled names take little time and have a limit")
    func misspelledNames() {
        func preset(_ number: Int) -> String {
            "apiVersion: prewarm/v1\nkind: Preset\nmetadata: {name: preset-number-\(number)}\n"
                + "spec: {template: go, version: a, instances: 1, deprecated: {replacement: preset-numbr-\(number)}}\n---\n"
        }
        let files = (0..<20).map { file in
            ("\(file).yaml", parse((0..<250).map { preset(file * 250 + $0) }.joined()))
        }
        var catalog: Catalog?
        let time = ContinuousClock().measure {
            catalog = Catalog(
                source: "s", files: files, provisioners: nil, defaultProvisioner: "local", previous: [],
                previousTemplates: [])
        }
        #expect(time < .seconds(60), "without a limit, it takes ten minutes")
        let hints = catalog?.diagnostics.compactMap(\.hint).filter { $0.hasPrefix("did you mean") } ?? []
        #expect((1...SuggestionBudget.standard).contains(hints.count))
        #expect(catalog?.invalidNames.count == 5_000)
    }

    @Test("If a source defines more presets than it may have, the applied presets stay unchanged")
    func presetsOfASource() {
        let text = (0..<50).map {
            "---\n"
                + presetText("template: go\nversion: a\ninstances: 1")
                .replacing("name: go\n", with: "name: p\($0)\n")
        }.joined()
        func catalog(_ limit: Int, _ previous: Catalog?) -> Catalog {
            Catalog(
                source: "s", files: [("a.yaml", parse(text))], provisioners: nil, defaultProvisioner: "local",
                limit: limit, previous: previous?.presets ?? [], previousTemplates: [])
        }
        let before = catalog(50, nil)
        #expect(before.presets.count == 50 && before.diagnostics == [])
        let after = catalog(49, before)
        #expect(after.presets == before.presets && after.diagnostics.map(\.severity) == [.error])
        #expect(after.diagnostics.first?.message.contains("50 presets, and a source may define at most 49") == true)
        #expect(after.diagnostics.first?.hint?.contains("policy.limits.presetsPerSource") == true)
    }

    @Test("Large defaults of a template are limited over all presets of a source")
    func defaults() {
        let rules = (0..<6).map { "- {name: p\($0), type: string, default: \(String(repeating: "a", count: 40_000))}" }
        let presets = (0..<400).map {
            "---\n"
                + presetText("template: go-dev\nversion: a\ninstances: 1")
                .replacing("name: go\n", with: "name: p\($0)\n")
        }.joined()
        let catalog = Catalog(
            source: "s",
            files: [
                ("a.yaml", parse(templateText("parameters:\n" + rules.joined(separator: "\n")))),
                ("b.yaml", parse(presets)),
            ], provisioners: nil, defaultProvisioner: "local", previous: [], previousTemplates: [])
        #expect((100..<150).contains(catalog.presets.count), "\(catalog.presets.count)")
        #expect(catalog.diagnostics.contains { $0.message.contains("32 MiB") })
    }
}
