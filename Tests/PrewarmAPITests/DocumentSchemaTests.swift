import PrewarmAPI
import PrewarmCore
import PrewarmEngine
import PrewarmServer
import Testing

@Suite("Schemas of documents")
struct DocumentSchemaTests {
    private static let schemas = OpenAPI.document["components"]?["schemas"] ?? .null

    private static func text(of type: any ObjectDocument.Type, isWhole: Bool) throws -> [UInt8] {
        func text<Sample: ObjectDocument>(_ type: Sample.Type) throws -> String {
            try DocumentSchema.sample(type, isWhole: isWhole).json
        }
        return Array(try text(type).utf8)
    }

    @Test("The OpenAPI description has the schemas of all documents in answers")
    func names() {
        let names = Self.schemas.pairs.map(\.key)
        #expect(names.count > 50 && names == names.sorted() && Set(names).count == names.count)
        for name in [
            "Preset", "Workspace", "Operation", "Source", "Plan", "Claim", "Status", "Event", "Problem", "Token",
        ] {
            #expect(names.contains(name), "\(name)")
        }
    }

    @Test("A document with all members, and one with only the required ones, conform to their schema")
    func samplesConform() throws {
        for type in OpenAPI.types {
            let schema = try #require(Self.schemas[type.schemaName], "\(type)")
            for isWhole in [true, false] {
                let document = try JSONReader.read(try Self.text(of: type, isWhole: isWhole))
                let faults = SchemaCheck(schemas: Self.schemas).faults(document, schema)
                #expect(faults.isEmpty, "\(type.schemaName): \(faults)")
            }
        }
    }

    @Test("A document with all members has each member of its schema, in the same order, and the schema has no other")
    func samplesAreWhole() throws {
        for type in OpenAPI.types {
            let schema = try #require(Self.schemas[type.schemaName], "\(type)")
            let members = schema["properties"]?.pairs.map(\.key) ?? []
            let whole = try JSONReader.read(try Self.text(of: type, isWhole: true))
            #expect(whole.pairs.map(\.key) == members, "\(type.schemaName)")
            let least = try JSONReader.read(try Self.text(of: type, isWhole: false))
            #expect(least.pairs.map(\.key) == schema.list("required").compactMap(\.string), "\(type.schemaName)")
        }
    }

    @Test("Each stored property of a document is a member of its schema")
    func properties() throws {
        func check<Sample: ObjectDocument>(_ type: Sample.Type) throws {
            let properties = Mirror(reflecting: try DocumentSchema.sample(type, isWhole: true)).children.compactMap(
                \.label)
            #expect(properties.count == Sample.CodingKeys.allCases.count, "\(type): \(properties)")
        }
        for type in OpenAPI.types where type.schemaName.hasSuffix("Description") == false { try check(type) }
    }

    @Test("Each member has a meaning that is a sentence")
    func meanings() {
        for (name, schema) in Self.schemas.pairs {
            for (member, value) in schema["properties"]?.pairs ?? [] {
                let meaning = value.text("description") ?? ""
                #expect(meaning.count > 8 && (meaning.hasSuffix(".") || meaning.hasSuffix("…")), "\(name).\(member)")
                #expect(meaning.first?.isUppercase == true || meaning.hasPrefix("`"), "\(name).\(member): \(meaning)")
            }
        }
    }

    @Test("A document that was read is written as it was")
    func roundTrip() throws {
        func check<Sample: ObjectDocument>(_ type: Sample.Type, isWhole: Bool) throws {
            let text = try DocumentSchema.sample(type, isWhole: isWhole).json
            let read = try ValueDecoder.decode(type, from: try JSONReader.read(Array(text.utf8)))
            #expect(read.json == text)
            #expect(read.tree.json == text, "the tree differs from the text")
        }
        for type in OpenAPI.types {
            try check(type, isWhole: true)
            try check(type, isWhole: false)
        }
    }

    @Test("Each reference in the OpenAPI description has a target")
    func references() {
        func visit(_ value: Value) {
            if let reference = value.text("$ref") {
                let target = reference.split(separator: "/").dropFirst().reduce(OpenAPI.document as Value?) {
                    $0?[String($1)]
                }
                #expect(target != nil, "\(reference)")
            }
            for element in value.elements { visit(element) }
            for pair in value.pairs { visit(pair.value) }
        }
        visit(OpenAPI.document)
    }
}

/// A check of a document against the part of JSON Schema that the schemas of documents use.
private struct SchemaCheck {
    let schemas: Value

    func faults(_ value: Value, _ schema: Value, at place: String = "") -> [String] {
        if let reference = schema.text("$ref") {
            guard let target = schemas[String(reference.split(separator: "/").last ?? "")] else {
                return ["\(place): no schema \(reference)"]
            }
            return faults(value, target, at: place)
        }
        let types = schema["type"]?.string.map { [$0] } ?? schema.list("type").compactMap(\.string)
        guard types.contains(where: { isType($0, value) }) else {
            return ["\(place): \(value.compactJSON) is no \(types)"]
        }
        var found: [String] = []
        if schema.text("format") == "date-time", value.string.flatMap({ Timestamp($0) }) == nil {
            found.append("\(place): no time")
        }
        if let items = schema["items"] {
            for (index, element) in value.elements.enumerated() {
                found += faults(element, items, at: "\(place)[\(index)]")
            }
        }
        for name in schema.list("required").compactMap(\.string) where value[name] == nil {
            found.append("\(place).\(name) is missing")
        }
        for (name, member) in value.pairs {
            if let known = schema["properties"]?[name] ?? schema["additionalProperties"] {
                found += faults(member, known, at: "\(place).\(name)")
            } else if schema["properties"] != nil {
                found.append("\(place).\(name) is not in the schema")
            }
        }
        return found
    }

    private func isType(_ type: String, _ value: Value) -> Bool {
        switch (type, value) {
        case ("string", .string), ("boolean", .bool), ("integer", .int), ("number", .int), ("number", .double),
            ("array", .array), ("object", .object):
            true
        default: false
        }
    }
}
