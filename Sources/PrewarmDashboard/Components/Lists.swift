import PrewarmCore
import PrewarmEngine

/// The conditions of a preset or a source.
struct ConditionTable {
    private let conditions: [Value]
    private let times: Moments

    init(_ conditions: [Value], _ times: Moments) {
        self.conditions = conditions
        self.times = times
    }

    var markup: Markup {
        guard !conditions.isEmpty else { return "<p class=\"empty\">There are no conditions.</p>" }
        return Table(
            caption: "Conditions",
            columns: [
                .init("Type", isHeader: true), .init("Status"), .init("Reason"), .init("Message"), .init("Since"),
            ],
            rows: conditions.map { condition in
                [
                    "\(condition.text("type") ?? "")", "\(condition.text("status") ?? "")",
                    "\(condition.text("reason") ?? "")", times.sentence(condition.text("message") ?? ""),
                    times.element(condition, "since"),
                ]
            }
        ).markup
    }
}

/// A list of events, the newest first.
struct EventList {
    private let events: [Value]
    private let times: Moments

    init(_ events: some Sequence<Value>, _ times: Moments) {
        self.events = Array(events)
        self.times = times
    }

    var markup: Markup {
        guard !events.isEmpty else { return "<p class=\"empty\">There are no events yet.</p>" }
        let items = events.map { event -> Markup in
            let isWarning = event.text("type") == "Warning"
            let kind: Markup =
                isWarning
                ? "<span class=\"badge warning\">\(Icon.triangle.markup)Warning</span> " : ""
            return """
                <li><span class="when">\(times.element(event, "at"))</span><div><p>\(kind)<strong>\(event.text("reason") ?? "")</strong> \
                <span class="muted">\(event.text("object") ?? "")</span></p><p>\(times.sentence(event.text("message") ?? ""))</p></div></li>
                """
        }
        return "<ol class=\"events\">\(items.joined(separator: "\n"))</ol>"
    }
}

/// An applied revision in one line.
struct RevisionText {
    private let revision: Value
    private let times: Moments

    init(_ revision: Value, _ times: Moments) {
        self.revision = revision
        self.times = times
    }

    /// Returns for example `main@5394cb7f` for `main@sha1:5394cb7f0d…`.
    static func shortName(_ revision: String) -> String {
        guard let colon = revision.lastIndex(of: ":") else { return revision.limited(to: 60) }
        let ref = revision[..<colon].split(separator: "@").first.map(String.init) ?? ""
        return "\(ref)@\(revision[revision.index(after: colon)...].prefix(8))"
    }

    var short: Markup {
        let name = Self.shortName(revision.text("revision") ?? "")
        let subject: Markup = revision.text("subject").map { " \($0)" } ?? ""
        let author: Markup = revision.text("author").map { " by \($0)" } ?? ""
        return
            "<code>\(name)</code>\(subject)<span class=\"under\">applied \(times.element(revision, "appliedAt"))\(author)</span>"
    }

    /// The numbers of workspaces that the revision created, deleted and canceled.
    var changes: Markup {
        let parts = [("created", "created"), ("deleted", "deleted"), ("cancelled", "canceled")].compactMap {
            key, word in
            revision.number(key) > 0 ? "\(revision.number(key)) \(word)" : nil
        }
        return parts.isEmpty ? "no workspaces changed" : "\(parts.joined(separator: ", "))"
    }
}
