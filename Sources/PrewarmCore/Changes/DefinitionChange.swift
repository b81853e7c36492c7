/// A preset or a template that a revision adds, changes or removes.
package struct DefinitionChange: Hashable, Sendable {
    package enum Object: String, CaseIterable, Sendable {
        case preset, template
    }

    package enum Kind: String, CaseIterable, Sendable {
        case added, changed, removed
    }

    package let object: Object
    package let name: String
    package let kind: Kind
    /// The fields that differ, at most ``fieldLimit``; those of an added definition that are not defaults, and none of a
    /// removed one.
    package private(set) var fields: [FieldChange]
    /// The number of fields that differ and are not in ``fields``.
    package private(set) var moreFields = 0
    /// True if the deletion guard holds the change now, so that the accepted definition stays. It is not stored: an approval
    /// may end the hold.
    package var isHeld = false

    /// The most fields of a change.
    package static let fieldLimit = 100

    private init(_ object: Object, _ name: String, _ kind: Kind, _ fields: [FieldChange] = []) {
        self.object = object
        self.name = name
        self.kind = kind
        self.fields = fields
        limitFields(to: Self.fieldLimit)
    }

    /// Leaves out the fields beyond a limit, and counts them.
    mutating func limitFields(to limit: Int) {
        moreFields += max(0, fields.count - limit)
        fields = Array(fields.prefix(limit))
    }

    /// Compares a preset with an earlier definition; nil if no field differs.
    /// - Parameter old: The earlier definition; nil if there was none. A pruned one counts as none.
    package init?(from old: Preset?, to new: Preset) {
        switch Self.kind(from: old, to: new) {
        case nil: return nil
        case .added: self.init(.preset, new.key.name, .added, new.changes(since: new.blank).map(\.asAdded))
        case .removed: self.init(.preset, new.key.name, .removed)
        case .changed:
            guard let fields = old.map({ new.changes(since: $0) }), !fields.isEmpty else { return nil }
            self.init(.preset, new.key.name, .changed, fields)
        }
    }

    /// Returns the kind of a change of a preset; nil if both definitions are removed ones.
    private static func kind(from old: Preset?, to new: Preset) -> Kind? {
        let existed = old.map { $0.retirement != .pruned } ?? false
        // A removed preset whose stored definition cannot be read has no earlier definition and no file.
        let isLost = old == nil && new.origin.file.isEmpty
        if new.retirement == .pruned { return existed || isLost ? .removed : nil }
        return existed ? .changed : .added
    }

    /// Returns true if a preset differs from an earlier definition, without describing the difference.
    static func exists(from old: Preset?, to new: Preset) -> Bool {
        switch kind(from: old, to: new) {
        case nil: false
        case .added, .removed: true
        case .changed: old.map { !new.changes(since: $0).isEmpty } ?? true
        }
    }

    /// Compares a template with an earlier definition; nil if no field differs.
    /// - Parameters:
    ///   - old: The earlier definition; nil if there was none.
    ///   - new: The new definition; nil if it was removed.
    package init?(from old: Template?, to new: Template?) {
        switch (old, new) {
        case (nil, nil): return nil
        case (let old?, nil): self.init(.template, old.name, .removed)
        case (nil, let new?): self.init(.template, new.name, .added, new.changes(since: new.blank).map(\.asAdded))
        case (let old?, let new?):
            let fields = new.changes(since: old)
            guard !fields.isEmpty else { return nil }
            self.init(.template, new.name, .changed, fields)
        }
    }

    /// Returns the changes of the templates of a source, in the order of their names.
    package static func of(_ old: [Template], _ new: [Template]) -> [DefinitionChange] {
        let before = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
        let now = Dictionary(new.map { ($0.name, $0) }) { first, _ in first }
        return Set(before.keys).union(now.keys).sorted().compactMap {
            DefinitionChange(from: before[$0], to: now[$0])
        }
    }
}

extension Preset {
    /// A preset of the same name and file whose other fields have their defaults.
    fileprivate var blank: Preset {
        Preset(
            key: key, origin: origin,
            spec: WorkspaceSpec(template: "", version: "", provisioner: "", parameters: [:]), instances: 0)
    }
}

extension Template {
    /// A template of the same name and file whose other fields have their defaults.
    fileprivate var blank: Template { Template(name: name, origin: origin) }
}

extension FieldChange {
    /// The change without the default value that the field had before.
    fileprivate var asAdded: FieldChange { FieldChange(field, from: nil, to: new) }
}

extension DefinitionChange: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(object.rawValue)
        writer.write(name)
        writer.write(kind.rawValue)
        writer.write(fields)
        writer.write(moreFields)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard let object = Object(rawValue: try reader.read()) else { throw BinaryCodingError() }
        let name = try reader.read(String.self)
        guard let kind = Kind(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.init(object, name, kind, try reader.read())
        moreFields = try reader.read()
    }
}
