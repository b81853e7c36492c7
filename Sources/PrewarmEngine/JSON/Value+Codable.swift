/// A document without a type is a part of other documents, and it can be read from a type.
extension Value: Codable {
    /// Returns a document as a tree.
    package init(of document: some Encodable) throws {
        let output = ValueOutput()
        try OutputEncoder.encode(document, to: output)
        self = output.value
    }

    package init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "it has no document"))
        }
        self = decoder.value
    }

    package func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? any TreeEncoder else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: encoder.codingPath, debugDescription: "the encoder takes no document"))
        }
        encoder.encode(tree: self)
    }
}
