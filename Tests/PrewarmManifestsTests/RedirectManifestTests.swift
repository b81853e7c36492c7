import PrewarmCore
import PrewarmManifests
import Testing

@Suite("The key redirect of a deprecated preset")
struct RedirectManifestTests {
    private func redirecting(_ name: String, to replacement: String) -> String {
        preset(
            name,
            "template: go-dev\nversion: v1\ninstances: 1\ndeprecated: {replacement: \(replacement), redirect: true}")
    }

    private func preset(_ name: String, _ spec: String = "template: go-dev\nversion: v1\ninstances: 1") -> String {
        presetText(spec).replacing("name: go\n", with: "name: \(name)\n")
    }

    private func catalog(_ texts: [String]) -> Catalog {
        Catalog(
            source: "presets", files: texts.enumerated().map { (path: "\($0).yaml", file: parse($1)) },
            provisioners: ["local"], defaultProvisioner: "local", previous: [], previousTemplates: [])
    }

    @Test("A redirect is read, stored and part of no fingerprint")
    func read() throws {
        let file = parse(redirecting("old", to: "new"))
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics.map(\.brief))")
        #expect(file.presets.first?.deprecated == Deprecation(replacement: "new", redirects: true))
        #expect(try ParsedFile(binary: file.binary).presets == file.presets)
        let presets = catalog([redirecting("old", to: "new"), preset("new")]).presets
        let (new, old) = (try #require(presets.first), try #require(presets.last))
        #expect(old.redirect == "new" && new.redirect == nil)
        #expect(old.fingerprint == new.fingerprint)
        let again = try Preset(binary: old.binary)
        #expect(again == old && again.redirect == "new")
    }

    @Test("A redirect needs a replacement, and a template has none")
    func invalid() {
        let alone = parse(preset("old", "template: go-dev\ninstances: 1\ndeprecated: {redirect: true}"))
        #expect(alone.diagnostics.map(\.message).contains { $0.contains("replacement") }, "\(alone.diagnostics)")
        let template = parse(templateText("deprecated: {replacement: b, redirect: true}"))
        #expect(template.diagnostics.map(\.message).contains { $0.contains("redirect") }, "\(template.diagnostics)")
    }

    @Test("Redirects that form a loop are errors of all their presets, and of no other")
    func loop() {
        let found = catalog([
            redirecting("a", to: "b"), redirecting("b", to: "a"), redirecting("c", to: "a"), redirecting("d", to: "d"),
        ])
        let messages = found.diagnostics.map(\.message)
        #expect(
            messages == [
                "invalid replacement: the redirects form a loop: a → b → a",
                "invalid replacement: the redirects form a loop: b → a → b",
                "invalid replacement: the redirects form a loop: d → d",
            ])
        #expect(found.presets.map(\.key.name) == ["c"])
    }

    @Test("Claims follow at most eight redirects")
    func long() {
        func chain(_ count: Int) -> Catalog {
            catalog((0..<count).map { redirecting("p\($0)", to: "p\($0 + 1)") } + [preset("p\(count)")])
        }
        #expect(chain(8).diagnostics == [])
        let messages = chain(9).diagnostics.map(\.message)
        #expect(messages.count == 1)
        #expect(
            messages.first?.hasPrefix("invalid replacement: claims would follow more than 8 redirects: p0 → p1") == true
        )
    }

    @Test("A redirect to a preset that cannot be claimed gives a warning")
    func deadEnd() {
        let end = preset("new", "template: go-dev\nversion: v1\ninstances: 1\ndeprecated: true")
        let found = catalog([redirecting("old", to: "mid"), redirecting("mid", to: "new"), end])
        #expect(found.diagnostics == [])
        #expect(
            Set(found.notices.map(\.message)) == [
                "claims of this preset are refused: its replacement \"new\" is deprecated"
            ])
        #expect(found.notices.count == 2)
    }
}
