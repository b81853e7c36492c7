package import PrewarmEngine

/// The JSON Schema of a document, which follows from its type.
package struct DocumentSchema: Sendable {
    /// The schema of an answer, in which types with named members are references.
    package let value: Value
    /// The types with named members that the schema refers to, directly or not, each once.
    package let types: [any ObjectDocument.Type]

    /// - Throws: An error if the type cannot be read from a sample, which a test would find.
    package init(of type: any Document.Type) throws {
        let (value, found) = try Self.record(type)
        self.value = value
        types = found.reduce(into: []) { known, type in
            if !known.contains(where: { $0.schemaName == type.schemaName }) { known.append(type) }
        }
    }

    private static func record<Answer: Document>(
        _ type: Answer.Type
    ) throws -> (Value, [any ObjectDocument.Type]) {
        let notes = SchemaRecorder.Notes()
        _ = try [Answer](from: SchemaRecorder(notes: notes, samples: .required))
        return (notes.element ?? .null, notes.types)
    }

    /// Returns a document with sample values.
    /// - Parameter isWhole: True for one with all optional members, false for one without any.
    package static func sample<Sample: Document>(_ type: Sample.Type, isWhole: Bool) throws -> Sample {
        try Sample(from: SchemaRecorder(notes: SchemaRecorder.Notes(), samples: isWhole ? .all : .required))
    }
}

extension ObjectDocument {
    /// The schema of the type itself, in which other types with named members are references.
    package static var objectSchema: Value {
        get throws {
            let notes = SchemaRecorder.Notes()
            _ = try Self(from: SchemaRecorder(notes: notes, samples: .required))
            return notes.schema
        }
    }

    /// A reference to the schema in the OpenAPI document.
    package static var reference: Value { .object(known: ["$ref": .string("#/components/schemas/\(schemaName)")]) }
}
