package import PrewarmCore
package import PrewarmEngine

/// A type whose JSON Schema does not follow from its members.
package protocol SchemaType {
    static var schema: Value { get }
}

extension String: SchemaType {
    package static var schema: Value { .object(known: ["type": "string"]) }
}

extension Int: SchemaType {
    package static var schema: Value { .object(known: ["type": "integer"]) }
}

extension Double: SchemaType {
    package static var schema: Value { .object(known: ["type": "number"]) }
}

extension Bool: SchemaType {
    package static var schema: Value { .object(known: ["type": "boolean"]) }
}

extension Timestamp: SchemaType {
    package static var schema: Value { .object(known: ["type": "string", "format": "date-time"]) }
}

extension ParameterValue: SchemaType {
    package static var schema: Value {
        .object(known: ["type": .array(["string", "number", "boolean", "object"])])
    }
}

extension Choice: SchemaType {
    package static var schema: Value {
        .object(known: ["type": "string", "enum": .array(Known.allCases.map { .string($0.rawValue) })])
    }
}
