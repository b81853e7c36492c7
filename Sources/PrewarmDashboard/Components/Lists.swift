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
                .init("Type", isHeader: true), .init("Status"), .init("Reason"), .init("Message", kind: "long"),
                .init("Since"),
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
    private let seesOwners: Bool

    /// - Parameter seesOwners: False if the messages must not name owners of workspaces.
    init(_ events: some Sequence<Value>, _ times: Moments, seesOwners: Bool) {
        self.events = Array(events)
        self.times = times
        self.seesOwners = seesOwners
    }

    /// The reasons of events about workspaces whose messages never name an owner.
    private static let withoutOwners: Set<EventReason> = [
        .ready, .starting, .createFailed, .deleted, .deleteFailed, .lost, .failed, .orphaned, .adopted,
    ]

    /// Returns the message of an event. If it may name an owner whom the reader must not see, the meaning of the event's
    /// reason stands for it.
    private func message(_ event: Value) -> String {
        let reason = event.text("reason").flatMap { EventReason(rawValue: $0) }
        let isAboutWorkspace = event.text("object")?.hasPrefix("workspace/") == true
        if seesOwners || !isAboutWorkspace || reason.map(Self.withoutOwners.contains) == true {
            return event.text("message") ?? ""
        }
        return reason?.meaning ?? ""
    }

    /// The object of an event, with a short form of a revision.
    private static func shortObject(_ event: Value) -> String {
        let object = event.text("object") ?? ""
        guard object.hasPrefix("revision/") else { return object }
        return "revision/\(RevisionText.shortName(String(object.dropFirst("revision/".count))))"
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
                <span class="muted">\(Self.shortObject(event))</span></p><p>\(times.sentence(message(event)))</p></div></li>
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
