import PrewarmCore
import PrewarmEngine

/// The objects of one workspace, with all placeholders replaced by checked values.
struct ObjectPlan: Sendable {
    struct Item: Sendable {
        let kind: ObjectKind
        let name: String
        /// The body of the apply.
        let document: Value

        /// The kind and the name, for example `Deployment.apps/go-x`.
        var reference: String { "\(kind.qualifiedName)/\(name)" }
    }

    /// The objects in the order in which they are applied.
    let items: [Item]

    /// - Throws: ``OperationFailure`` if a value of the manifest is missing or not allowed in its place.
    init(
        _ objects: [ObjectTemplate], _ request: ProvisionerRequest, _ values: PlaceholderValues
    ) throws(OperationFailure) {
        var names: [String] = []
        for object in objects {
            let name = try values.text(
                object.name, in: PlaceholderPlace(key: "\(object.kind.kind).metadata.name", rule: .name))
            guard Self.isObjectName(name) else {
                throw OperationFailure(
                    .failed,
                    "cannot use \(Value.string(name.printable.limited(to: 100)).compactJSON) as the name of the "
                        + "\(object.kind.kind): it must have 1 to 253 lowercase letters, digits, - and .",
                    hint: "Change the name in the template of provisioner \(values.provisioner), or the values in it.")
            }
            names.append(name)
        }
        let references = zip(objects, names).map { "\($0.kind.qualifiedName)/\($1)" }
        for (index, reference) in references.enumerated() where references[..<index].contains(reference) {
            throw OperationFailure(
                .invalid,
                "cannot make two objects \(reference.printable.limited(to: 300)): a value gives two objects of the "
                    + "template of provisioner \(values.provisioner) the same name",
                hint: "Change the values in their names, or give each object of a kind a name of its own.")
        }
        let labels = ObjectLabels.labels(request, provisioner: values.provisioner)
        let annotations = ObjectLabels.annotations(request, objects: references)
        var items: [Item] = []
        for (object, name) in zip(objects, names) {
            let writer = ObjectWriter(kind: object.kind.kind, values: values)
            let document = try writer.value(object.root, path: [])
                .adding(labels, to: "labels").adding(annotations, to: "annotations")
            items.append(Item(kind: object.kind, name: name, document: document))
        }
        self.items = items
    }

    /// True for a DNS subdomain, which most kinds require as the name.
    private static func isObjectName(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 253
            && parts.allSatisfy { part in
                guard let first = part.utf8.first, let last = part.utf8.last else { return false }
                return first != 45 && last != 45
                    && part.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
            }
    }
}

/// Writes one object of a template as JSON.
private struct ObjectWriter {
    let kind: String
    let values: PlaceholderValues

    func value(_ template: TemplateValue, path: [String]) throws(OperationFailure) -> Value {
        switch template {
        case .null: return .null
        case .boolean(let flag): return .bool(flag)
        case .integer(let number): return .int(Int(number))
        case .number(let number): return .double(number)
        case .text(let text): return .string(try values.text(text, in: place(path)))
        case .typed(let name): return try typed(name, path)
        case .list(let elements):
            var written: [Value] = []
            for (index, element) in elements.enumerated() {
                written.append(try value(element, path: path + ["\(index)"]))
            }
            return .array(written)
        case .object(let members):
            var written: [(key: String, value: Value)] = []
            for member in members {
                written.append((member.key, try value(member.value, path: path + [member.key])))
            }
            return .object(written)
        }
    }

    private func typed(_ name: String, _ path: [String]) throws(OperationFailure) -> Value {
        switch values.workspace.spec.parameters[name] {
        case .integer(let number): return .int(Int(number))
        case .number(let number) where number.isFinite: return .double(number)
        case .boolean(let flag): return .bool(flag)
        default:
            throw OperationFailure(
                .failed,
                "cannot use the parameter \(name) in `\(place(path).key)` of provisioner \(values.provisioner): it is no "
                    + "number or boolean",
                hint: "Declare \(name) with `type: integer`, `number` or `boolean` in the template.")
        }
    }

    /// Returns the place of a text. Its rule depends on what reads the text: a shell may read an argument, and a controller
    /// may interpret an annotation, for example as a part of its configuration.
    private func place(_ path: [String]) -> PlaceholderPlace {
        let key = "\(kind).\(path.joined(separator: "."))"
        let parent = path.dropLast().last
        let isData = path.count == 2 && (kind == "Secret" ? path[0] == "stringData" : path[0] == "data")
        if kind == "Secret", isData { return PlaceholderPlace(key: key, rule: .text, takesSecrets: true) }
        if kind == "ConfigMap" && isData || path.last == "value" && path.contains("env") {
            return PlaceholderPlace(key: key, rule: .text, isExpanded: Self.isVariable(path))
        }
        let isArgument = ["command", "args", "annotations"].contains(parent)
        return PlaceholderPlace(key: key, rule: isArgument ? .argument : .name)
    }

    /// True for the path of the value of a container's variable, for example `spec.containers.0.env.1.value`.
    private static func isVariable(_ path: [String]) -> Bool {
        let end = Array(path.suffix(5))
        return end.count == 5 && ["containers", "initContainers"].contains(end[0]) && end[2] == "env"
            && end[4] == "value"
    }
}

extension Value {
    /// Returns the object with more texts in a map of its metadata. They replace entries of the same keys.
    fileprivate func adding(_ texts: [String: String], to map: String) -> Value {
        let own = (self["metadata"]?[map]?.pairs ?? []).filter { texts[$0.key] == nil }
        let added = texts.sorted { $0.key < $1.key }.map { (key: $0.key, value: Value.string($0.value)) }
        return settingMetadata(map, .object(own + added))
    }

    /// Returns the object with another value of a key of its metadata.
    func settingMetadata(_ key: String, _ value: Value) -> Value {
        setting("metadata") { ($0 ?? .object([])).setting(key) { _ in value } }
    }

    /// Returns the object with another value of a key, at the same place or at the end.
    fileprivate func setting(_ key: String, _ change: (Value?) -> Value) -> Value {
        var members = pairs
        if let index = members.firstIndex(where: { $0.key == key }) {
            members[index].value = change(members[index].value)
        } else {
            members.append((key, change(nil)))
        }
        return .object(members)
    }
}
