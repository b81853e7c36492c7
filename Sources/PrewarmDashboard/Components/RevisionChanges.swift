import PrewarmCore
import PrewarmEngine

/// The presets and templates that a revision changed, one row each, with their fields.
struct RevisionChanges {
    private let changes: [Value]
    private let more: Int

    /// The most fields of a definition on the page.
    private static let fieldLimit = 20

    /// - Parameter revision: The document of a revision.
    init(_ revision: Value) {
        changes = revision.list("changes")
        more = revision.number("moreChanges")
    }

    var isEmpty: Bool { changes.isEmpty && more == 0 }

    var markup: Markup {
        let table = Table(
            caption: "Changes of definitions",
            columns: [.init("Definition", isHeader: true), .init("Change"), .init("Fields", kind: "long")],
            rows: changes.map { [name($0), kind($0), fields($0)] })
        return table.markup
            + (more > 0 ? "<p class=\"muted\">and \(more.counted("more definition"))</p>" : "")
    }

    private func name(_ change: Value) -> Markup {
        "\(change.text("name") ?? "")<span class=\"under\">\(change.text("object") ?? "")</span>"
    }

    private func kind(_ change: Value) -> Markup {
        let held: Markup = change["held"]?.bool == true ? "<span class=\"under\">held</span>" : ""
        return "\(change.text("change") ?? "")\(held)"
    }

    /// The fields, for example `version: 1.2 → 1.3`, or `instances: 5` of an added definition.
    private func fields(_ change: Value) -> Markup {
        let all = change.list("fields")
        let isAdded = change.text("change") == DefinitionChange.Kind.added.rawValue
        var items = all.prefix(Self.fieldLimit).map { field -> Markup in
            let old: Markup = isAdded ? "" : "\(value(field, "old")) → "
            return "<li>\(field.text("field") ?? ""): \(old)\(value(field, "new"))</li>"
        }
        let left = max(0, all.count - Self.fieldLimit) + max(0, change.number("moreFields"))
        if left > 0 { items.append("<li class=\"muted\">and \(left.counted("more field"))</li>") }
        return items.isEmpty ? "" : "<ul class=\"fields\">\(items.joined())</ul>"
    }

    private func value(_ field: Value, _ key: String) -> Markup {
        field.text(key).map { "<code>\($0)</code>" } ?? "<span class=\"muted\">not set</span>"
    }
}
