/// The changes that the record of a revision keeps: the first ones, templates before presets.
package struct DefinitionChanges: Hashable, Sendable {
    package private(set) var changes: [DefinitionChange] = []
    /// The number of changes that are not in ``changes``.
    package private(set) var more = 0
    private var fieldCount = 0

    /// The most changes and the most fields of a record. With values of at most ``FieldChange/textLimit`` Unicode scalars,
    /// a record takes at most about 100 KiB, and usually less than 1 KiB.
    package static let changeLimit = 50
    package static let fieldLimit = 200

    package init() {}

    /// Adds a change, or counts it if the record is full.
    package mutating func add(_ change: DefinitionChange) {
        guard changes.count < Self.changeLimit else {
            more += 1
            return
        }
        var change = change
        change.limitFields(to: Self.fieldLimit - fieldCount)
        fieldCount += change.fields.count
        changes.append(change)
    }

    /// Adds the change of a preset if a field differs.
    package mutating func add(from old: Preset?, to new: Preset) {
        if changes.count >= Self.changeLimit {
            more += DefinitionChange.exists(from: old, to: new) ? 1 : 0
        } else if let change = DefinitionChange(from: old, to: new) {
            add(change)
        }
    }

    /// Marks the changes of presets that the deletion guard holds.
    package mutating func markHeld(_ names: some Collection<String>) {
        let names = Set(names)
        for index in changes.indices where changes[index].object == .preset {
            changes[index].isHeld = names.contains(changes[index].name)
        }
    }

    package var isEmpty: Bool { changes.isEmpty && more == 0 }
}

extension DefinitionChanges: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(changes)
        writer.write(more)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        changes = try reader.read()
        more = try reader.read()
        fieldCount = changes.reduce(0) { $0 + $1.fields.count }
    }
}
