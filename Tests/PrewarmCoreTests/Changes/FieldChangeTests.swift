import PrewarmCore
import Testing

@Suite("Texts of changed fields")
struct FieldChangeTests {
    private static let long = String(repeating: "ä", count: 500)

    @Test("A long value is cut")
    func cut() {
        let change = FieldChange(Self.long, from: Self.long, to: nil)
        #expect(change.field.unicodeScalars.count == FieldChange.textLimit)
        #expect(change.old?.unicodeScalars.count == FieldChange.textLimit && change.new == nil)
    }

    @Test("Two long values that begin alike show the place where they differ")
    func difference() {
        let change = FieldChange("f", from: Self.long + "old", to: Self.long + "new" + Self.long)
        #expect(change.old == "…" + String(repeating: "ä", count: 20) + "old")
        #expect(change.new?.hasPrefix("…" + String(repeating: "ä", count: 20) + "new") == true)
        #expect(change.new?.unicodeScalars.count == FieldChange.textLimit)
        let short = FieldChange("f", from: "a", to: "b")
        #expect(short.old == "a" && short.new == "b")
    }

    @Test("A record of changes is bounded, and is the same after it was stored")
    func record() throws {
        let parameters = Dictionary(
            uniqueKeysWithValues: (0..<150).map { ("p\($0)", ParameterValue.string(Self.long)) })
        let preset = Preset(
            key: PresetKey(source: "s", name: "a"), origin: Origin(file: "f", line: 1),
            spec: WorkspaceSpec(template: "t", version: "v", provisioner: "p", parameters: parameters), instances: 1)
        let change = try #require(DefinitionChange(from: nil, to: preset))
        #expect(change.fields.count == DefinitionChange.fieldLimit)
        #expect(change.fields.count + change.moreFields == 154)
        var changes = DefinitionChanges()
        for _ in 0..<60 { changes.add(change) }
        #expect(changes.changes.count == DefinitionChanges.changeLimit && changes.more == 10)
        #expect(changes.changes.reduce(0) { $0 + $1.fields.count } == DefinitionChanges.fieldLimit)
        #expect(changes.changes.allSatisfy { $0.fields.count + $0.moreFields == 154 })
        changes.add(from: nil, to: preset)
        changes.add(from: preset, to: preset)
        changes.add(from: preset, to: preset.pruned)
        #expect(changes.more == 12, "a preset that stays is not counted")
        #expect(try DefinitionChanges(binary: changes.binary) == changes)
        #expect(changes.binary.count < 100 << 10)
        changes.markHeld(["a"])
        #expect(changes.changes.allSatisfy { $0.isHeld })
    }

    @Test("A number differs visibly from an integer of the same size")
    func numbers() {
        func preset(_ cpu: ParameterValue) -> Preset {
            Preset(
                key: PresetKey(source: "s", name: "a"), origin: Origin(file: "f", line: 1),
                spec: WorkspaceSpec(template: "t", version: "v", provisioner: "p", parameters: ["cpu": cpu]),
                instances: 1)
        }
        let change = DefinitionChange(from: preset(.integer(1)), to: preset(.number(1)))
        #expect(change?.fields == [FieldChange("parameters.cpu", from: "1", to: "1.0")])
    }

    @Test("The removal of a preset whose earlier definition cannot be read is a change")
    func lost() {
        func preset(file: String) -> Preset {
            Preset(
                key: PresetKey(source: "s", name: "a"), origin: Origin(file: file, line: 1),
                spec: WorkspaceSpec(template: "", version: "", provisioner: "", parameters: [:]), instances: 0,
                retirement: .pruned)
        }
        #expect(DefinitionChange(from: nil, to: preset(file: ""))?.kind == .removed)
        #expect(DefinitionChange(from: nil, to: preset(file: "a.yaml")) == nil)
    }
}
