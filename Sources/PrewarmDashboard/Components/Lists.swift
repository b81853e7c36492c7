import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// The conditions of a preset or a source.
struct ConditionTable {
    private let conditions: [ConditionDocument]
    private let times: Moments

    init(_ conditions: [ConditionDocument], _ times: Moments) {
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
                    "\(condition.type)", "\(condition.status.text)", "\(condition.reason)",
                    times.sentence(condition.message), times.element(condition.since),
                ]
            }
        ).markup
    }
}

/// A list of events, the newest first.
struct EventList {
    private let events: [EventDocument]
    private let times: Moments
    private let seesOwners: Bool

    /// - Parameter seesOwners: False if the messages must not name owners of workspaces.
    init(_ events: some Sequence<EventDocument>, _ times: Moments, seesOwners: Bool) {
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
    private func message(_ event: EventDocument) -> String {
        let reason = EventReason(rawValue: event.reason)
        let isAboutWorkspace = event.object.hasPrefix("workspace/")
        if seesOwners || !isAboutWorkspace || reason.map(Self.withoutOwners.contains) == true {
            return event.message
        }
        return reason?.meaning ?? ""
    }

    /// The object of an event, with a short form of a revision.
    private static func shortObject(_ event: EventDocument) -> String {
        let object = event.object
        guard object.hasPrefix("revision/") else { return object }
        return "revision/\(RevisionText.shortName(String(object.dropFirst("revision/".count))))"
    }

    var markup: Markup {
        guard !events.isEmpty else { return "<p class=\"empty\">There are no events yet.</p>" }
        let items = events.map { event -> Markup in
            let isWarning = event.type == .warning
            let kind: Markup =
                isWarning
                ? "<span class=\"badge warning\">\(Icon.triangle.markup)Warning</span> " : ""
            return """
                <li><span class="when">\(times.element(event.at))</span><div><p>\(kind)<strong>\(event.reason)</strong> \
                <span class="muted">\(Self.shortObject(event))</span></p><p>\(times.sentence(message(event)))</p></div></li>
                """
        }
        return "<ol class=\"events\">\(items.joined(separator: "\n"))</ol>"
    }
}

/// An applied revision in one line.
struct RevisionText {
    private let revision: RevisionDocument
    private let times: Moments

    init(_ revision: RevisionDocument, _ times: Moments) {
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
        let name = Self.shortName(revision.revision)
        let subject: Markup = revision.subject.map { " \($0)" } ?? ""
        let author: Markup = revision.author.map { " by \($0)" } ?? ""
        return
            "<code>\(name)</code>\(subject)<span class=\"under\">applied \(times.element(revision.appliedAt))\(author)</span>"
    }

    /// The numbers of workspaces that the revision created, deleted and canceled.
    var changes: Markup {
        let counts = [(revision.created, "created"), (revision.deleted, "deleted"), (revision.cancelled, "canceled")]
        let parts = counts.compactMap { count, word in count > 0 ? "\(count) \(word)" : nil }
        return parts.isEmpty ? "no workspaces changed" : "\(parts.joined(separator: ", "))"
    }
}
