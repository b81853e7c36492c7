package import PrewarmCore

/// Parses the template file of a provisioner of Kubernetes objects.
package enum ObjectTemplateParser {
    /// The largest size of a template file in bytes.
    package static let sizeLimit = 256 << 10

    /// Returns the objects of a template, in the order of the file, and the errors with their places.
    package static func parse(_ bytes: [UInt8]) -> (objects: [ObjectTemplate], diagnostics: [Diagnostic]) {
        let (tree, error) = YAMLReader.read(bytes)
        if let error { return ([], [Diagnostic(.error, at: error.position, error.message, hint: error.hint)]) }
        var reader = TemplateReader(tree: tree)
        let roots = tree.roots.filter { !tree.isNull($0) }
        var objects: [ObjectTemplate] = []
        if roots.isEmpty {
            reader.problems.append(
                Diagnostic(
                    .error, "invalid template: it has no object", hint: "add at least one object, for example a Pod"))
        } else if roots.count > ObjectTemplate.most {
            reader.problems.append(
                Diagnostic(
                    .error, at: tree.position(roots[ObjectTemplate.most]),
                    "invalid template: it has \(roots.count) objects, more than the limit of \(ObjectTemplate.most)",
                    hint: "remove objects"))
        } else {
            objects = roots.compactMap { reader.object($0) }
        }
        reader.checkNames(objects)
        reader.problems.quote(bytes)
        return (reader.problems.isEmpty ? objects : [], reader.problems.sorted())
    }
}

/// Reads the documents of a template.
private struct TemplateReader {
    let tree: YAMLTree
    var problems: [Diagnostic] = []

    mutating func object(_ root: Int) -> ObjectTemplate? {
        let position = tree.position(root)
        guard case .mapping = tree.content(root) else {
            report(root, "invalid object: expected a mapping with apiVersion, kind and metadata")
            return nil
        }
        guard let apiVersion = literal("apiVersion", of: root, .objectVersion),
            let kind = literal("kind", of: root, .objectKind)
        else { return nil }
        if kind == "List" {
            report(root, "invalid object: its kind is List", hint: "write each object as a document of its own")
            return nil
        }
        checkMetadata(root)
        let objectKind = ObjectKind(apiVersion: apiVersion, kind: kind)
        if objectKind.group == "apps" { checkSelector(root) }
        return ObjectTemplate(kind: objectKind, root: value(root), position: position)
    }

    /// Reports a controller whose selector also selects the pods of other workspaces.
    private mutating func checkSelector(_ root: Int) {
        guard let spec = tree.value("spec", of: root), let selector = tree.value("selector", of: spec),
            let labels = tree.value("matchLabels", of: selector)
        else { return }
        guard !tree.pairs(labels).contains(where: { namesWorkspace($0.value) }) else { return }
        report(
            labels, "invalid selector: it selects the pods of all workspaces",
            hint: "write {name} or {id} in a label, for example `workspace: \"{name}\"`")
    }

    /// True if a text has a placeholder whose value only one workspace has.
    private func namesWorkspace(_ index: Int) -> Bool {
        let placeholders = tree.text(index).flatMap { try? PlaceholderText($0, .objects) }?.placeholders ?? []
        return placeholders.contains { $0 == .id || $0 == .name }
    }

    /// Returns a text at the top of an object. It takes no placeholders, since it selects the kind.
    private mutating func literal(_ key: String, of root: Int, _ rule: TextRule) -> String? {
        guard let index = tree.value(key, of: root), let text = tree.text(index) else {
            report(root, "invalid object: \(key) is missing", hint: "add \(key)")
            return nil
        }
        if let problem = rule.check(text) {
            report(index, "invalid \(key) \"\(text)\": \(problem.message)")
            return nil
        }
        return text
    }

    // MARK: Metadata

    private mutating func checkMetadata(_ root: Int) {
        guard let metadata = tree.value("metadata", of: root), let name = tree.value("name", of: metadata),
            let text = tree.text(name)
        else {
            return report(
                root, "invalid object: metadata.name is missing", hint: "add `metadata: {name: \"{name}\"}`")
        }
        let placeholders = (try? PlaceholderText(text, .objects))?.placeholders ?? [.id]
        if !placeholders.contains(where: { $0 == .id || $0 == .name }) {
            report(
                name, "invalid name \"\(text)\": it is the same for all workspaces",
                hint: "write {name} or {id} in the name")
        }
        for (key, hint) in [
            ("namespace", "remove it, and set `namespace` of the provisioner"), ("generateName", "write name instead"),
            ("resourceVersion", "remove it"), ("uid", "remove it"), ("managedFields", "remove it"),
        ] {
            guard let index = tree.value(key, of: metadata) else { continue }
            report(index, "invalid metadata: \(key) is not allowed", hint: hint)
        }
        for key in ["labels", "annotations"] {
            guard let map = tree.value(key, of: metadata) else { continue }
            for pair in tree.pairs(map) {
                guard let name = tree.written(pair.key), ObjectTemplate.isReserved(name) else { continue }
                report(pair.key, "invalid \(key): the key \(name) belongs to prewarm", hint: "remove it")
            }
        }
    }

    mutating func checkNames(_ objects: [ObjectTemplate]) {
        var seen: Set<[String]> = []
        for object in objects {
            let name = object.name.parts.map { part in
                switch part {
                case .literal(let text): text
                case .placeholder(let placeholder): placeholder.description
                }
            }.joined()
            guard !seen.insert([object.kind.group, object.kind.kind, name]).inserted else { continue }
            problems.append(
                Diagnostic(
                    .error, at: object.position, "invalid template: two objects are the \(object.kind.kind) \(name)",
                    hint: "give each object of a kind a name of its own, for example \(name)-2"))
        }
    }

    // MARK: Values

    private mutating func value(_ index: Int) -> TemplateValue {
        switch tree.content(index) {
        case .sequence: return .list(tree.elements(index).map { value($0) })
        case .mapping: return mapping(index)
        case .scalar(.null): return .null
        case .scalar(.boolean(let flag)): return .boolean(flag)
        case .scalar(.integer(let number)): return .integer(number)
        case .scalar(.number(let number)):
            if !number.isFinite { report(index, "invalid number: JSON has no such number", hint: "write it as text") }
            return .number(number)
        case .scalar(.text): return text(index)
        }
    }

    private mutating func mapping(_ index: Int) -> TemplateValue {
        var members: [TemplateValue.Member] = []
        var keys: Set<String> = []
        for pair in tree.pairs(index) {
            guard let key = tree.written(pair.key) else {
                report(pair.key, "invalid key: expected text")
                continue
            }
            if key == "<<" {
                report(pair.key, "invalid key: merges of YAML are not supported", hint: "write the keys themselves")
            }
            if !keys.insert(key).inserted {
                report(pair.key, "duplicate key \"\(key)\"", hint: "remove one of the two")
            }
            members.append(TemplateValue.Member(key, value(pair.value)))
            if key == "image", case .text(let image)? = members.last?.value { checkImage(image, pair.value) }
        }
        return .object(members)
    }

    /// Reports an image whose registry depends on a value of a manifest, since a registry chooses what runs.
    private mutating func checkImage(_ image: PlaceholderText, _ index: Int) {
        let hasSlash = image.parts.contains { if case .literal(let text) = $0 { text.contains("/") } else { false } }
        if case .literal(let start)? = image.parts.first, start.contains("/") { return }
        guard hasSlash, !image.placeholders.isEmpty else { return }
        report(
            index,
            "invalid image: the part before the first / selects the registry, so it cannot contain a placeholder")
    }

    private mutating func text(_ index: Int) -> TemplateValue {
        guard let scalar = tree.scalar(index) else { return .null }
        let text: PlaceholderText
        do throws(PlaceholderText.Mistake) {
            text = try PlaceholderText(scalar.text, .objects)
        } catch {
            report(index, "invalid text: \(error.message)", offset: scalar.offset.map { $0 + error.offset } ?? 0)
            return .null
        }
        if scalar.text.utf8.contains(0) { report(index, "invalid text: it has a NUL character") }
        // A plain scalar cannot begin with a brace, so this one has a tag such as !!int.
        guard tree.nodes[index].kind == .plain, scalar.text.utf8.first == UInt8(ascii: "{"), !text.placeholders.isEmpty
        else {
            return .text(text)
        }
        guard text.parts.count == 1, case .parameter(let name)? = text.placeholders.first else {
            report(
                index, "invalid value: a number or boolean of a workspace is one parameter",
                hint: "write for example !!int \"{parameters.replicas}\"")
            return .null
        }
        return .typed(parameter: name)
    }

    private mutating func report(_ index: Int, _ message: String, hint: String? = nil, offset: Int = 0) {
        let start = tree.position(index)
        problems.append(
            Diagnostic(
                .error, at: Position(line: start.line, column: start.column + offset), message, hint: hint))
    }
}
