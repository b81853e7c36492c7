import PrewarmCore
package import PrewarmEngine

/// The page of all sources with their revisions and held changes.
package struct SourcesPage: Sendable {
    /// One source with what belongs to it.
    package struct Source: Sendable {
        /// The document of the source.
        let document: Value
        /// The documents of the last applied revisions, the newest first.
        let revisions: [Value]
        /// The held actions of the plan that wait for an approval.
        let held: [Value]

        package init(document: Value, revisions: [Value], held: [Value]) {
            self.document = document
            self.revisions = revisions
            self.held = held
        }
    }

    /// The most diagnostics of a source on the page.
    private static let diagnosticLimit = 20

    private let sources: [Source]
    private let times: Moments

    package init(_ sources: [Source], times: Moments) {
        self.sources = sources
        self.times = times
    }

    package func page(for viewer: Viewer) -> Page {
        let cards = sources.enumerated().map { section($0.element, index: $0.offset, viewer) }
        return Page(
            "Sources", section: .sources,
            main: """
                <h1>Sources</h1>
                <p class="lead">A source is a git repository that defines pools.</p>
                \(sources.isEmpty ? "<p class=\"empty\">The configuration names no source.</p>" as Markup : cards.joined(separator: "\n"))
                """)
    }

    private func section(_ source: Source, index: Int, _ viewer: Viewer) -> Markup {
        let name = source.document.text("name") ?? ""
        let conditions = source.document.list("conditions")
        let isReady = conditions.contains { $0.text("type") == "Ready" && $0.text("status") == "True" }
        let isInvalid = conditions.contains { $0.text("type") == "Invalid" }
        let badge: Markup =
            if isInvalid {
                "<span class=\"badge bad\">\(Icon.triangle.markup)Invalid manifests</span>"
            } else if isReady {
                "<span class=\"badge good\">\(Icon.check.markup)Applied</span>"
            } else {
                "<span class=\"badge bad\">\(Icon.cross.markup)Not ready</span>"
            }
        return """
            <section class="card" aria-labelledby="source-\(index)">
            \(Page.live("source-\(index)-state", """
                <div class="title"><h2 id="source-\(index)">\(name)</h2>\(badge)</div><dl class="facts"><div><dt>Repository</dt><dd><code>\(source.document.text("url") ?? "")</code></dd></div>\
                <div><dt>Files</dt><dd>\(source.document.number("files"))</dd></div>\(replica(source.document))</dl>
                \(ConditionTable(conditions, times).markup)\(hint(source.document))
                """))
            \(Page.live("source-\(index)-held", held(source, index: index, viewer)))
            \(Page.live("source-\(index)-changes", changes(source, index: index)))
            \(Page.live("source-\(index)-revisions", revisions(source)))
            \(Page.live("source-\(index)-diagnostics", diagnostics(source.document)))
            </section>
            """
    }

    /// The replica that reconciles the source, if there are several.
    private func replica(_ source: Value) -> Markup {
        guard source["sharedOut"] != nil, let name = source.text("replica") else { return "" }
        return "<div><dt>Reconciled by</dt><dd><code>\(name)</code></dd></div>"
    }

    private func hint(_ source: Value) -> Markup {
        source.text("hint").map { "<p class=\"hint\">\(Markup.sentence($0))</p>" } ?? ""
    }

    // MARK: Changes

    /// The changes of the applied revision, and behind buttons those of the earlier ones.
    private func changes(_ source: Source, index: Int) -> Markup {
        let parts = source.revisions.enumerated().compactMap { place, revision -> Markup? in
            let changes = RevisionChanges(revision)
            guard !changes.isEmpty else { return nil }
            let name = RevisionText.shortName(revision.text("revision") ?? "")
            // The id stays with the revision when a newer one arrives, so that an open part stays open. A source may return
            // to a revision, at another time.
            let applied = revision.text("appliedAt").flatMap { Timestamp($0) }?.milliseconds ?? 0
            let id = "\(revision.text("revision")?.suffix(40).prefix(8) ?? "")-\(applied)"
            guard place > 0 else {
                return "<h3>Changes of the applied revision <code>\(name)</code></h3>\(changes.markup)"
            }
            return """
                <details id="source-\(index)-changes-\(id)"><summary>Changes of <code>\(name)</code></summary>\
                \(changes.markup)</details>
                """
        }
        return parts.joined(separator: "\n")
    }

    // MARK: Revisions

    private func revisions(_ source: Source) -> Markup {
        guard !source.revisions.isEmpty else { return "" }
        let table = Table(
            caption: "Applied revisions",
            columns: [
                .init("Revision", isHeader: true), .init("Subject", kind: "long"), .init("Author"), .init("Applied"),
                .init("Workspaces"),
            ],
            rows: source.revisions.map { revision in
                [
                    "<code>\(RevisionText.shortName(revision.text("revision") ?? ""))</code>",
                    "\(revision.text("subject") ?? "–")", "\(revision.text("author") ?? "–")",
                    times.element(revision, "appliedAt"), RevisionText(revision, times).changes,
                ]
            })
        return "<h3>Applied revisions</h3>\(table.markup)"
    }

    // MARK: Held changes

    /// The held actions of one preset with one reason.
    private struct Group: Hashable {
        let preset: String
        let action: String
        let message: String
        let heldBy: String
    }

    private func held(_ source: Source, index: Int, _ viewer: Viewer) -> Markup {
        guard !source.held.isEmpty else { return "" }
        let groups = Dictionary(grouping: source.held) { action in
            Group(
                preset: action.text("preset") ?? "", action: action.text("action") ?? "",
                message: action.text("message") ?? "", heldBy: action.text("heldBy") ?? "")
        }.sorted { ($0.key.preset, $0.key.action) < ($1.key.preset, $1.key.action) }
        let table = Table(
            caption: "Held changes",
            columns: [
                .init("Pool", isHeader: true), .init("Change"), .init("Workspaces", isNumber: true), .init("Why"),
                .init("Held by", kind: "long"),
            ],
            rows: groups.map { group, actions in
                [
                    "\(group.preset)", "\(group.action)", "\(actions.count)", .sentence(group.message),
                    times.sentence(group.heldBy),
                ]
            })
        return "<h3>Held changes</h3>\(table.markup)\(approval(source, index: index, viewer))"
    }

    private func approval(_ source: Source, index: Int, _ viewer: Viewer) -> Markup {
        guard viewer.operatesAll, let revision = source.document.text("revision") else {
            return "<p class=\"muted\">An operator can approve these changes.</p>"
        }
        let name = source.document.text("name") ?? ""
        return Form(
            action: "/approve", button: "Approve the changes", isDangerous: true,
            values: [("revision", revision), ("source", name)], object: "of \(name)"
        ).guarded(
            id: "approve-\(index)", opener: "Approve",
            warning: """
                prewarm then deletes \(source.held.count.counted("workspace")), for the revision \
                <code>\(RevisionText.shortName(revision))</code>.
                """,
            for: viewer)
    }

    // MARK: Diagnostics

    private func diagnostics(_ source: Value) -> Markup {
        let all = source.list("diagnostics")
        guard !all.isEmpty else { return "" }
        let table = Table(
            caption: "Errors and warnings in manifests",
            columns: [.init("Place", isHeader: true), .init("Severity"), .init("Message", kind: "long")],
            rows: all.prefix(Self.diagnosticLimit).map { diagnostic in
                let line: Markup = diagnostic["line"]?.int.map { ":\($0)" } ?? ""
                let hint: Markup =
                    diagnostic.text("hint").map { "<span class=\"under\">\(Markup.sentence($0))</span>" } ?? ""
                return [
                    "<code>\(diagnostic.text("file") ?? "")\(line)</code>", "\(diagnostic.text("severity") ?? "")",
                    "\(Markup.sentence(diagnostic.text("message") ?? ""))\(hint)",
                ]
            })
        let left = all.count - Self.diagnosticLimit
        return "<h3>Errors and warnings in manifests</h3>\(table.markup)"
            + (left > 0 ? "<p class=\"muted\">and \(left) more</p>" : "")
    }
}
