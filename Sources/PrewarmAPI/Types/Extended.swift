/// A document with the members of another one and more, as `describe` shows more than `get`.
@dynamicMemberLookup
package struct Extended<Base: ObjectDocument, More: ObjectDocument>: Document {
    package var base: Base
    package let more: More

    package init(_ base: Base, _ more: More) {
        self.base = base
        self.more = more
    }

    package init(from decoder: any Decoder) throws {
        base = try Base(from: decoder)
        more = try More(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try base.encode(to: encoder)
        try more.encode(to: encoder)
    }

    package subscript<Member>(dynamicMember path: KeyPath<Base, Member>) -> Member { base[keyPath: path] }
    package subscript<Member>(dynamicMember path: KeyPath<More, Member>) -> Member { more[keyPath: path] }
}

extension Extended: ObjectDocument {
    /// The keys of both documents.
    package struct CodingKeys: DocumentKey {
        package let meaning: String
        package let stringValue: String
        package var intValue: Int? { nil }

        package init?(stringValue: String) {
            self.init { $0.stringValue == stringValue }
        }

        package init?(intValue: Int) { nil }

        private init?(where isWanted: (any DocumentKey) -> Bool) {
            let keys: [any DocumentKey] = Array(Base.CodingKeys.allCases) + Array(More.CodingKeys.allCases)
            guard let key = keys.first(where: isWanted) else { return nil }
            (stringValue, meaning) = (key.stringValue, key.meaning)
        }

        package static var allCases: [CodingKeys] {
            let keys: [any DocumentKey] = Array(Base.CodingKeys.allCases) + Array(More.CodingKeys.allCases)
            return keys.compactMap { CodingKeys(stringValue: $0.stringValue) }
        }
    }

    package static var schemaName: String { More.schemaName }
}
