package import PrewarmEngine

/// A document that people and programs get: from the API, from a command with `--output json`, or as a table. The server, the
/// command line and the OpenAPI document share its type.
///
/// An absent member means unknown or none; no member is null. Later versions may add members.
package protocol Document: Codable, Sendable {}

/// A document with named members. Its keys have the order in which they are written.
///
/// A field is a stored property, a case of `CodingKeys` and its meaning; a type without one of them does not compile. An
/// optional property is an optional member of the schema.
package protocol ObjectDocument: Document {
    associatedtype CodingKeys: DocumentKey
    /// The name of the schema in the OpenAPI document.
    static var schemaName: String { get }
}

/// The name of a member of a document.
package protocol DocumentKey: CodingKey, CaseIterable {
    /// The description of the member in the schema: one sentence.
    var meaning: String { get }
}

extension ObjectDocument {
    /// The name of the type, without `Document` at its end.
    package static var schemaName: String {
        let name = String(describing: Self.self)
        return name.hasSuffix("Document") ? String(name.dropLast("Document".count)) : name
    }
}

extension Array: Document where Element: Document {}
extension Value: Document {}

extension Document {
    /// The document as JSON, indented by two spaces, with a newline at the end. Equal documents give equal text.
    package var json: String { text(isCompact: false) + "\n" }

    /// The document as JSON in one line, without a newline at the end.
    package var compactJSON: String { text(isCompact: true) }

    /// The document as block YAML.
    package var yaml: String { tree.yaml }

    /// The document without its type, for looking up a member that a user names.
    package var tree: Value {
        if let value = self as? Value { return value }
        return (try? Value(of: self)) ?? .null
    }

    private func text(isCompact: Bool) -> String {
        let output = JSONOutput(isCompact: isCompact)
        // The encoder itself never throws, and a document has no value that it cannot write.
        try? OutputEncoder.encode(self, to: output)
        return output.text
    }
}
