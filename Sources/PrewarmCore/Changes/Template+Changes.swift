extension Template {
    /// Returns the fields in which this definition differs from an earlier one, in the order of the manifest's reference.
    /// The line of the manifest is not a field.
    package func changes(since old: Template) -> [FieldChange] {
        guard self != old else { return [] }
        var comparison = FieldComparison()
        comparison.compare("provisioner", old.provisioner, provisioner)
        comparison.compare("activeVersion", old.activeVersion, activeVersion)
        comparison.compare(old.parameters, parameters, of: "parameters")
        comparison.compare("readyTimeout", old.readyTimeout, readyTimeout)
        comparison.compare(old.handover, handover)
        comparison.compare(old.health, health)
        comparison.compare("deprecated", old.deprecated?.changeText, deprecated?.changeText)
        comparison.compare("labels", old.labels, labels) { $0 }
        comparison.compare("annotations", old.annotations, annotations) { $0 }
        comparison.compare("file", old.origin.file, origin.file)
        return comparison.changes
    }
}

extension FieldComparison {
    /// Compares the rules of parameters, in the order of their names.
    fileprivate mutating func compare(_ old: [ParameterRule], _ new: [ParameterRule], of field: String) {
        compare(old.map { ClaimParameter($0) }, new.map { ClaimParameter($0) }, of: field)
    }

    fileprivate mutating func compare(_ old: [ClaimParameter], _ new: [ClaimParameter], of field: String) {
        guard old != new else { return }
        let before = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
        let now = Dictionary(new.map { ($0.name, $0) }) { first, _ in first }
        let count = changes.count
        for name in Set(before.keys).union(now.keys).sorted() where before[name] != now[name] {
            compare(before[name], now[name], of: "\(field).\(name)")
        }
        if changes.count == count { compare(field, old.map(\.name), new.map(\.name)) { $0.joined(separator: ", ") } }
    }

    private mutating func compare(_ old: ClaimParameter?, _ new: ClaimParameter?, of field: String) {
        let (before, now) = (old?.rule, new?.rule)
        compare("\(field).type", before?.kind.rawValue, now?.kind.rawValue)
        compare("\(field).description", before?.description, now?.description)
        compare("\(field).enum", before?.allowed, now?.allowed) { values in
            values?.map(\.wholeText).joined(separator: ", ")
        }
        compare("\(field).minimum", before?.minimum, now?.minimum)
        compare("\(field).maximum", before?.maximum, now?.maximum)
        compare("\(field).pattern", before?.pattern, now?.pattern)
        compare("\(field).required", before?.isRequired ?? false, now?.isRequired ?? false)
        compare("\(field).default", before?.standard, now?.standard) { $0?.wholeText }
        compare("\(field).secret", old?.isSecret ?? false, new?.isSecret ?? false)
    }

    fileprivate mutating func compare(_ old: HandoverSpec?, _ new: HandoverSpec?) {
        compare(old?.parameters ?? [], new?.parameters ?? [], of: "claim.parameters")
        compare("claim.timeout", old?.timeout, new?.timeout)
        compare("claim.onFailure", old?.onFailure.rawValue, new?.onFailure.rawValue)
    }
}
