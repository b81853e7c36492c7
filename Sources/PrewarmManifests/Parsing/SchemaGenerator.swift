/// Generates JSON Schemas (draft 2020-12) for editors and CI from the shapes that the parsers check.
package enum SchemaGenerator {
    package enum Kind: String, CaseIterable, Sendable {
        case preset, template, config

        fileprivate var shape: Shape {
            switch self {
            case .preset: .preset
            case .template: .template
            case .config: .configuration
            }
        }

        fileprivate var title: String {
            switch self {
            case .preset: "Preset: the definition of a pool of workspaces"
            case .template: "Template: the provisioner, the active version and the parameters of workspaces"
            case .config: "The configuration of prewarm"
            }
        }
    }

    /// Returns the schema of a kind as indented JSON with a newline at the end. The result is always the same.
    package static func schema(_ kind: Kind) -> String {
        var pairs: [(String, Node)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("$id", .text("urn:prewarm:v1:\(kind.rawValue)")), ("title", .text(kind.title)),
        ]
        pairs += kind.shape.schema
        return Node.object(pairs).text(indent: 0) + "\n"
    }

    /// A JSON value, as far as a schema needs it. Objects keep the order of their keys.
    fileprivate indirect enum Node {
        case text(String)
        case integer(Int)
        case boolean(Bool)
        case list([Node])
        case object([(String, Node)])

        func text(indent: Int) -> String {
            let inner = String(repeating: " ", count: indent + 2)
            let outer = String(repeating: " ", count: indent)
            switch self {
            case .text(let text): return Self.quoted(text)
            case .integer(let value): return "\(value)"
            case .boolean(let value): return "\(value)"
            case .list(let nodes):
                let parts = nodes.map { inner + $0.text(indent: indent + 2) }
                return parts.isEmpty ? "[]" : "[\n\(parts.joined(separator: ",\n"))\n\(outer)]"
            case .object(let pairs):
                let parts = pairs.map { inner + Self.quoted($0.0) + ": " + $0.1.text(indent: indent + 2) }
                return parts.isEmpty ? "{}" : "{\n\(parts.joined(separator: ",\n"))\n\(outer)}"
            }
        }

        private static func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
    }
}

extension Shape {
    fileprivate var schema: [(String, SchemaGenerator.Node)] {
        switch self {
        case .described(let shape, let text): return [("description", .text(text))] + shape.schema
        case .object(let object): return object.schema
        case .map(let key, let value):
            return [
                ("type", .text("object")), ("propertyNames", .object(key.constraints)),
                ("additionalProperties", .object(value.schema)),
            ]
        case .list(let element, let minimum, let maximum):
            return [("type", .text("array")), ("items", .object(element.schema))]
                + (minimum > 0 ? [("minItems", .integer(minimum))] : []) + [("maxItems", .integer(maximum))]
        case .text(let rule): return [("type", .text("string"))] + rule.constraints
        case .integer(let range):
            return [
                ("type", .text("integer")), ("minimum", .integer(range.lowerBound)),
                ("maximum", .integer(range.upperBound)),
            ]
        case .number: return [("type", .text("number"))]
        case .boolean: return [("type", .text("boolean"))]
        case .scalar: return [("type", .list([.text("string"), .text("number"), .text("boolean")]))]
        case .either(let shapes): return [("anyOf", .list(shapes.map { .object($0.schema) }))]
        }
    }
}

extension ObjectShape.Key {
    /// The value of an optional key may also be null, which counts as left out.
    fileprivate var schema: [(String, SchemaGenerator.Node)] {
        if isRequired { return shape.schema }
        var pairs: [(String, SchemaGenerator.Node)] = []
        if case .described(_, let text) = shape { pairs.append(("description", .text(text))) }
        if let standard { pairs.append(("default", standard.schema)) }
        return pairs + [("anyOf", .list([.object(bareShape.schema), .object([("type", .text("null"))])]))]
    }
}

extension DefaultValue {
    fileprivate var schema: SchemaGenerator.Node {
        switch self {
        case .text(let text): .text(text)
        case .integer(let value): .integer(value)
        case .boolean(let value): .boolean(value)
        case .list(let texts): .list(texts.map { .text($0) })
        }
    }
}

extension ObjectShape {
    fileprivate var schema: [(String, SchemaGenerator.Node)] {
        let required = keys.filter(\.isRequired).map { SchemaGenerator.Node.text($0.name) }
        var pairs: [(String, SchemaGenerator.Node)] = [
            ("type", .text("object")),
            ("properties", .object(keys.map { ($0.name, .object($0.schema)) })),
        ]
        if !required.isEmpty { pairs.append(("required", .list(required))) }
        pairs.append(("additionalProperties", .boolean(false)))
        if let rule { pairs += rule.schema }
        return pairs
    }
}

extension ObjectRule {
    fileprivate var schema: [(String, SchemaGenerator.Node)] {
        func has(_ name: String) -> SchemaGenerator.Node {
            .object([
                ("required", .list([.text(name)])),
                ("properties", .object([(name, .object([("not", .object([("type", .text("null"))]))]))])),
            ])
        }
        switch self {
        case .exactlyOne(let keys): return [("oneOf", .list(keys.map(has)))]
        case .atMostOne(let keys):
            let none = SchemaGenerator.Node.object([("not", .object([("anyOf", .list(keys.map(has)))]))])
            return [("oneOf", .list(keys.map(has) + [none]))]
        case .needs(let key, let others):
            return [("anyOf", .list([.object([("not", has(key))])] + others.map(has)))]
        case .notBoth(let first, let second):
            return [("not", .object([("allOf", .list([has(first), has(second)]))]))]
        case .all(let rules): return [("allOf", .list(rules.map { .object($0.schema) }))]
        case .notBothZero(let first, let second):
            let zero = SchemaGenerator.Node.object([("enum", .list([.integer(0), .text("0%"), .text("00%")]))])
            return [
                (
                    "not",
                    .object([
                        ("required", .list([.text(first), .text(second)])),
                        ("properties", .object([(first, zero), (second, zero)])),
                    ])
                )
            ]
        }
    }
}

extension TextRule {
    fileprivate var constraints: [(String, SchemaGenerator.Node)] {
        var pairs: [(String, SchemaGenerator.Node)] = []
        if let choices { pairs.append(("enum", .list(choices.map { .text($0) }))) }
        if let minimumLength { pairs.append(("minLength", .integer(minimumLength))) }
        if let maximumLength { pairs.append(("maxLength", .integer(maximumLength))) }
        if let pattern { pairs.append(("pattern", .text(pattern))) }
        return pairs
    }
}
