/// One object of a template file, in which the values of a workspace are inserted.
package struct ObjectTemplate: Hashable, Sendable {
    package let kind: ObjectKind
    /// The whole object. It is always ``TemplateValue/object(_:)``.
    package let root: TemplateValue
    /// The place of the object in its file.
    package let position: Position

    /// The largest number of objects of one workspace.
    package static let most = 32

    /// The label that names the program that manages an object
    /// (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/).
    package static let managedByLabel = "app.kubernetes.io/managed-by"

    /// Returns true for the key of a label or annotation by which prewarm recognizes its objects.
    package static func isReserved(_ key: String) -> Bool { key.hasPrefix("prewarm/") || key == managedByLabel }

    package init(kind: ObjectKind, root: TemplateValue, position: Position) {
        self.kind = kind
        self.root = root
        self.position = position
    }

    /// The text of `metadata.name`.
    package var name: PlaceholderText {
        if case .text(let name) = root["metadata"]?["name"] { name } else { .empty }
    }
}

/// A value of a template file. Values of a workspace enter only in texts, after the file was parsed, so they cannot add
/// keys or objects.
package indirect enum TemplateValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(PlaceholderText)
    /// The value of a parameter that is a number or a boolean. It is written `!!int "{parameters.replicas}"`.
    case typed(parameter: String)
    case list([TemplateValue])
    case object([Member])

    /// One key of an object with its value.
    package struct Member: Hashable, Sendable {
        package let key: String
        package let value: TemplateValue

        package init(_ key: String, _ value: TemplateValue) {
            self.key = key
            self.value = value
        }
    }

    /// Returns the value of a key; nil if this is no object, or has no such key.
    package subscript(_ key: String) -> TemplateValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}
