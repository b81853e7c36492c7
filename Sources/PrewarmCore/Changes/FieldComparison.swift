/// The fields in which two definitions differ, in the order in which they are compared.
struct FieldComparison {
    private(set) var changes: [FieldChange] = []

    /// Compares one field.
    /// - Parameter text: Returns the value as a manifest writes it. It is called only if the values differ.
    mutating func compare<Value: Equatable>(_ field: String, _ old: Value, _ new: Value, _ text: (Value) -> String?) {
        guard old != new else { return }
        changes.append(FieldChange(field, from: text(old), to: text(new)))
    }

    mutating func compare(_ field: String, _ old: String?, _ new: String?) {
        compare(field, old, new) { $0 }
    }

    mutating func compare(_ field: String, _ old: Int, _ new: Int) {
        compare(field, old, new) { "\($0)" }
    }

    mutating func compare(_ field: String, _ old: Bool, _ new: Bool) {
        compare(field, old, new) { "\($0)" }
    }

    mutating func compare(_ field: String, _ old: Duration?, _ new: Duration?) {
        compare(field, old, new) { $0?.prewarmText }
    }

    mutating func compare(_ field: String, _ old: Double?, _ new: Double?) {
        compare(field, old, new) { $0?.shortText }
    }

    /// Compares the values of a map, in the order of their keys.
    mutating func compare<Value: Equatable>(
        _ field: String, _ old: [String: Value], _ new: [String: Value], _ text: (Value) -> String
    ) {
        guard old != new else { return }
        for key in Set(old.keys).union(new.keys).sorted() {
            compare("\(field).\(key)", old[key], new[key]) { $0.map(text) }
        }
    }
}

extension ParameterValue {
    /// The whole value as a manifest writes it. Of a secret, it is the name. The number `1.0` differs from the integer `1`,
    /// since they have different fingerprints.
    var wholeText: String {
        switch self {
        case .string(let text): "\"\(text)\""
        case .number(let value): "\(value)"
        case .integer, .boolean, .secret: literal
        }
    }
}
