/// A field of a definition that a revision changes, for example `parameters.cpu: 2 → 4`.
package struct FieldChange: Hashable, Sendable {
    /// The path of the field, as the manifest names it: `version`, `strategy.maxSurge` or `parameters.cpu`.
    package let field: String
    /// The earlier value, at most ``textLimit`` Unicode scalars; nil if the field was not set.
    package let old: String?
    /// The new value; nil if the field is no longer set.
    package let new: String?

    /// The most Unicode scalars of a value. A longer value is cut.
    package static let textLimit = 120
    /// The part of two cut values before their first difference that stays, in Unicode scalars.
    private static let context = 20

    /// Makes a change of whole values, and cuts them. If both begin with the same long text, the beginning is left out, so
    /// that the difference is visible.
    package init(_ field: String, from old: String?, to new: String?) {
        self.field = field.limited(to: Self.textLimit)
        guard let old, let new else {
            self.old = old?.limited(to: Self.textLimit)
            self.new = new?.limited(to: Self.textLimit)
            return
        }
        let start = Self.start(old.unicodeScalars, new.unicodeScalars)
        self.old = Self.part(of: old, from: start)
        self.new = Self.part(of: new, from: start)
    }

    /// Returns the place from which both values are shown, in Unicode scalars; 0 if they differ near their beginning.
    private static func start(_ old: String.UnicodeScalarView, _ new: String.UnicodeScalarView) -> Int {
        let common = zip(old, new).prefix { $0 == $1 }.count
        return common < textLimit - context ? 0 : common - context
    }

    private static func part(of text: String, from start: Int) -> String {
        guard start > 0 else { return text.limited(to: textLimit) }
        return "…" + String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(start))).limited(to: textLimit - 1)
    }
}

extension FieldChange: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(field)
        writer.write(old)
        writer.write(new)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        field = try reader.read()
        old = try reader.read()
        new = try reader.read()
    }
}
