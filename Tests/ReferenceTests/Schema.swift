import PrewarmEngine

/// A JSON Schema of a field, as prewarm writes it.
struct Schema {
    struct Field {
        let path: String
        let schema: Schema
        let isRequired: Bool
    }

    let value: Value

    init(_ value: Value) { self.value = value }

    private static let duration = "^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
    private static let patterns = [
        duration: "", "^(?!)": "no value", "^(100|[0-9]{1,2})%$": "`0%` to `100%`",
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": "lower-case letters, digits and hyphens",
        "^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and `_`",
        "^[A-Za-z_][A-Za-z0-9_-]*$": "letters, digits, `_` and `-`",
        "^\\s*\\S+(\\s+\\S+){4}\\s*$": "five fields",
        "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$":
            "letters, digits, `-`, `_` and `.`, after an optional domain and `/`",
        "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$": "letters, digits, `-`, `_` and `.`",
        "^(https://|http://(localhost|127\\.[0-9.]+|\\[::1\\])(:|/|$))[^\\s@?#]*$":
            "an https URL, or an http URL of this machine",
        "^https?://[^\\s@#]+$": "an https or http URL",
    ]

    /// The schemas of the values that are allowed, without null.
    private var choices: [Schema] {
        let choices = value.list("anyOf").map(Schema.init).filter { $0.value.text("type") != "null" }
        return choices.isEmpty ? [self] : choices.flatMap(\.choices)
    }

    private var items: Schema? { value["items"].map(Schema.init) }
    /// The schema of the values of a map; nil if the value has fields.
    private var values: Schema? {
        guard let values = value["additionalProperties"], !values.pairs.isEmpty else { return nil }
        return Schema(values)
    }

    /// Returns the fields of an object, or of the objects in a list or map, at any depth.
    func fields(below path: String) -> [Field] {
        choices.flatMap { choice -> [Field] in
            if let items = choice.items { return items.fields(below: path + "[]") }
            if let values = choice.values { return values.fields(below: path + ".NAME") }
            let required = Set(choice.value.list("required").compactMap(\.string))
            return (choice.value["properties"]?.pairs ?? []).flatMap { name, value -> [Field] in
                let field = Field(
                    path: path.isEmpty ? name : "\(path).\(name)", schema: Schema(value),
                    isRequired: required.contains(name))
                return [field] + field.schema.fields(below: field.path)
            }
        }
    }

    /// The type in words, for example `list of texts`.
    var type: String { Self.joined(choices.map(\.ownType), by: " or ") }

    private var ownType: String {
        let options = value.list("enum").map { "`\($0.string ?? $0.compactJSON)`" }
        if !options.isEmpty { return options.joined(separator: ", ") }
        if let items { return "list of: \(items.type)" }
        if let values { return "map to: \(values.type)" }
        if value.text("pattern") == Self.duration { return "duration" }
        let types = value["type"]?.string.map { [$0] } ?? value.list("type").compactMap(\.string)
        return types.map { ["string": "text", "object": "object"][$0] ?? $0 }.joined(separator: ", ")
    }

    /// The limits in words, for example `1 to 63 characters`.
    var limits: String { Self.joined(choices.map(\.ownLimits).filter { !$0.isEmpty }, by: "; ") }

    private var ownLimits: String {
        var parts = [
            range("minimum", "maximum", ""), range("minLength", "maxLength", " characters"),
            range("minItems", "maxItems", " items"),
        ]
        if let pattern = value.text("pattern") { parts.append(Self.patterns[pattern] ?? "matches `\(pattern)`") }
        if let items, !items.limits.isEmpty { parts.append("each: \(items.limits)") }
        if let names = value["propertyNames"].map(Schema.init), !names.limits.isEmpty {
            parts.append("names: \(names.limits)")
        }
        if let values, !values.limits.isEmpty { parts.append("values: \(values.limits)") }
        return parts.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    private func range(_ least: String, _ most: String, _ unit: String) -> String {
        switch (value[least]?.int, value[most]?.int) {
        case (let least?, let most?): "\(least) to \(most)\(unit)"
        case (let least?, nil): "at least \(least)\(unit)"
        case (nil, let most?): "at most \(most)\(unit)"
        case (nil, nil): ""
        }
    }

    /// The rules between the fields of an object, or of the objects in a list, as sentences.
    var rules: [String] {
        choices.flatMap { choice in
            choice.ownRules + (choice.items?.rules ?? [])
        }
    }

    private var ownRules: [String] {
        var rules: [String] = []
        let alternatives = value.list("oneOf").flatMap(\.requiredNames)
        let isOptional = value.list("oneOf").contains { $0["not"] != nil }
        if !alternatives.isEmpty {
            rules.append("\(isOptional ? "At most" : "Exactly") one of \(Self.listed(alternatives, "and")) is set.")
        }
        if let excluded = value["not"] {
            let names = excluded.list("allOf").flatMap(\.requiredNames)
            if !names.isEmpty { rules.append("\(Self.listed(names, "and")) exclude each other.") }
            let zero = excluded.list("required").compactMap(\.string)
            if zero.count > 1 { rules.append("\(Self.listed(zero, "and")) must not both be 0.") }
        }
        for part in value.list("allOf") {
            rules += Schema(part).ownRules
            let needed = part.list("anyOf").flatMap { $0.requiredNames }
            let needing = part.list("anyOf").flatMap { $0["not"]?.requiredNames ?? [] }
            if let name = needing.first { rules.append("`\(name)` needs \(Self.listed(needed, "or")).") }
        }
        return rules
    }

    private static func listed(_ names: [String], _ word: String) -> String {
        let names = names.map { "`\($0)`" }
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return names.dropLast().joined(separator: ", ") + " \(word) \(last)"
    }

    private static func joined(_ texts: [String], by separator: String) -> String {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }.joined(separator: separator)
    }
}

extension Value {
    /// The names of the fields that a schema requires.
    fileprivate var requiredNames: [String] { list("required").compactMap(\.string) }
}
