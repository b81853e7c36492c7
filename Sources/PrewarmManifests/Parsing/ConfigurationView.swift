import PrewarmCore

/// A configuration for people: its values without secrets, in the order of the file.
package indirect enum ConfigurationView: Hashable, Sendable {
    case object([Member])
    case list([ConfigurationView])
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)

    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: ConfigurationView
    }

    /// The text that stands for a secret.
    package static let mask = "***"
}

extension ConfigurationParser {
    /// Returns the values of a configuration without secrets; nil if the file is no YAML mapping.
    ///
    /// A value with a variable is shown as the file writes it, because the variable may hold a secret.
    /// - Parameter addsDefaults: If true, keys that the file leaves out are added with their defaults.
    package static func view(_ bytes: [UInt8], addsDefaults: Bool) -> ConfigurationView? {
        guard bytes.count <= ManifestParser.sizeLimit else { return nil }
        let (tree, error) = YAMLReader.read(VariableMask.cover(bytes))
        guard error == nil, let root = tree.roots.first, tree.content(root) == .mapping else { return nil }
        return ViewReader(tree: tree, addsDefaults: addsDefaults).view(root, .configuration)
    }
}

/// Reads a view from a file, along the shape of the configuration.
private struct ViewReader {
    let tree: YAMLTree
    let addsDefaults: Bool

    /// - Parameter isSecret: True if all literal texts of the node are secrets.
    func view(_ index: Int, _ shape: Shape?, isSecret: Bool = false) -> ConfigurationView {
        switch tree.content(index) {
        case .mapping: object(index, shape?.shape(.mapping), isSecret: isSecret)
        case .sequence:
            .list(
                tree.elements(index).map { view($0, shape?.shape(.sequence)?.element, isSecret: isSecret) })
        case .scalar(let resolution): scalar(index, resolution, isSecret: isSecret)
        }
    }

    private func object(_ index: Int, _ shape: Shape?, isSecret: Bool) -> ConfigurationView {
        let pairs = tree.pairs(index).compactMap { pair in
            tree.isNull(pair.value) ? nil : tree.written(pair.key).map { (key: $0, value: pair.value) }
        }
        let isSlack = pairs.contains { $0.key == "kind" && tree.written($0.value) == "slack" }
        var members = pairs.map { key, value in
            ConfigurationView.Member(
                key: key,
                value: view(
                    value, shape?.shape(ofKey: key),
                    isSecret: isSecret || WrittenSecrets.keys.contains(key) || isSlack && key == "url"
                        || shape?.isMap == true && Self.isSecretName(key)))
        }
        guard addsDefaults, case .object(let object) = shape else { return .object(members) }
        let known = Set(pairs.map(\.key))
        for key in object.keys where !known.contains(key.name) {
            if let standard = key.standard { members.append(.init(key: key.name, value: .init(standard))) }
        }
        return .object(members)
    }

    private func scalar(_ index: Int, _ resolution: Resolution, isSecret: Bool) -> ConfigurationView {
        let text = VariableMask.uncover(tree.written(index) ?? "")
        if isSecret { return .text(text.isVariable ? text : ConfigurationView.mask) }
        if text.contains("${") { return .text(text.withoutURLLogins) }
        switch resolution {
        case .integer(let value): return .integer(Int(value))
        case .number(let value): return .number(value)
        case .boolean(let value): return .boolean(value)
        case .null, .text: return .text(text.withoutURLLogins)
        }
    }

    /// Returns true if a variable of this name probably holds a secret.
    private static func isSecretName(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["token", "secret", "pass", "key", "credential", "auth", "cookie", "dsn", "database", "connection"]
            .contains { name.contains($0) } || name.hasSuffix("pat")
    }
}

extension String {
    /// True for exactly one variable, as in `${GIT_TOKEN}`.
    fileprivate var isVariable: Bool {
        hasPrefix("${") && hasSuffix("}")
            && dropFirst(2).dropLast().utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "_") }
    }
}

extension Shape {
    /// Returns the shape of a mapping or a sequence among alternatives; nil if no alternative has that kind.
    fileprivate func shape(_ content: YAMLTree.Content) -> Shape? {
        switch self {
        case .described(let shape, _): shape.shape(content)
        case .either(let shapes): shapes.lazy.compactMap { $0.shape(content) }.first
        case .object, .map: content == .mapping ? self : nil
        case .list: content == .sequence ? self : nil
        default: nil
        }
    }

    fileprivate var element: Shape? { if case .list(let element, _, _) = self { element } else { nil } }

    fileprivate var isMap: Bool { if case .map = self { true } else { false } }

    fileprivate func shape(ofKey key: String) -> Shape? {
        switch self {
        case .object(let object): object.keys.first { $0.name == key }?.bareShape
        case .map(_, let value): value
        default: nil
        }
    }
}

extension ConfigurationView {
    fileprivate init(_ standard: DefaultValue) {
        self =
            switch standard {
            case .text(let text): .text(text)
            case .integer(let number): .integer(number)
            case .boolean(let flag): .boolean(flag)
            case .list(let texts): .list(texts.map { .text($0) })
            }
    }
}
