import PrewarmAPI
import PrewarmCore

/// The presets and templates that a revision changed, one row each, with their fields.
struct RevisionChanges {
    private let changes: [DefinitionChangeDocument]
    private let more: Int

    /// The most fields of a definition on the page.
    private static let fieldLimit = 20

    /// - Parameter revision: The document of a revision.
    init(_ revision: RevisionDocument) {
        changes = revision.changes
        more = revision.moreChanges ?? 0
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

    private func name(_ change: DefinitionChangeDocument) -> Markup {
        "\(change.name)<span class=\"under\">\(change.object.text)</span>"
    }

    private func kind(_ change: DefinitionChangeDocument) -> Markup {
        let held: Markup = change.held == true ? "<span class=\"under\">held</span>" : ""
        return "\(change.change.text)\(held)"
    }

    /// The fields, for example `version: 1.2 → 1.3`, or `instances: 5` of an added definition.
    private func fields(_ change: DefinitionChangeDocument) -> Markup {
        let all = change.fields
        let isAdded = change.change == .added
        var items = all.prefix(Self.fieldLimit).map { field -> Markup in
            let old: Markup = isAdded ? "" : "\(value(field.old)) → "
            return "<li>\(field.field): \(old)\(value(field.new))</li>"
        }
        let left = max(0, all.count - Self.fieldLimit) + max(0, change.moreFields ?? 0)
        if left > 0 { items.append("<li class=\"muted\">and \(left.counted("more field"))</li>") }
        return items.isEmpty ? "" : "<ul class=\"fields\">\(items.joined())</ul>"
    }

    private func value(_ text: String?) -> Markup {
        text.map { "<code>\($0)</code>" } ?? "<span class=\"muted\">not set</span>"
    }
}
