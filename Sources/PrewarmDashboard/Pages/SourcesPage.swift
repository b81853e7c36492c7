package import PrewarmAPI
import PrewarmCore

/// The page of all sources with their revisions and held changes.
package struct SourcesPage: Sendable {
    /// One source with what belongs to it.
    package struct Source: Sendable {
        /// The document of the source.
        let document: SourceDocument
        /// The documents of the last applied revisions, the newest first.
        let revisions: [RevisionDocument]
        /// The held actions of the plan that wait for an approval.
        let held: [ActionDocument]

        package init(document: SourceDocument, revisions: [RevisionDocument], held: [ActionDocument]) {
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
        let (name, conditions) = (source.document.name, source.document.conditions)
        let (isReady, isInvalid) = (source.document.isReady, conditions[.invalid] != nil)
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
                <div class="title"><h2 id="source-\(index)">\(name)</h2>\(badge)</div><dl class="facts"><div><dt>Repository</dt><dd><code>\(source.document.url)</code></dd></div>\
                <div><dt>Files</dt><dd>\(source.document.files ?? 0)</dd></div>\(replica(source.document))</dl>
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
    private func replica(_ source: SourceDocument) -> Markup {
        guard source.sharedOut == true, let name = source.replica else { return "" }
        return "<div><dt>Reconciled by</dt><dd><code>\(name)</code></dd></div>"
    }

    private func hint(_ source: SourceDocument) -> Markup {
        source.hint.map { "<p class=\"hint\">\(Markup.sentence($0))</p>" } ?? ""
    }

    // MARK: Changes

    /// The changes of the applied revision, and behind buttons those of the earlier ones.
    private func changes(_ source: Source, index: Int) -> Markup {
        let parts = source.revisions.enumerated().compactMap { place, revision -> Markup? in
            let changes = RevisionChanges(revision)
            guard !changes.isEmpty else { return nil }
            let name = RevisionText.shortName(revision.revision)
            // The id stays with the revision when a newer one arrives, so that an open part stays open. A source may return
            // to a revision, at another time.
            let id = "\(revision.revision.suffix(40).prefix(8))-\(revision.appliedAt.milliseconds)"
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
                    "<code>\(RevisionText.shortName(revision.revision))</code>",
                    "\(revision.subject ?? "–")", "\(revision.author ?? "–")",
                    times.element(revision.appliedAt), RevisionText(revision, times).changes,
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
                preset: action.preset, action: action.action.text, message: action.message ?? "",
                heldBy: action.heldBy ?? "")
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
        guard viewer.operatesAll, let revision = source.document.revision else {
            return "<p class=\"muted\">An operator can approve these changes.</p>"
        }
        let name = source.document.name
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

    private func diagnostics(_ source: SourceDocument) -> Markup {
        let all = source.diagnostics
        guard !all.isEmpty else { return "" }
        let table = Table(
            caption: "Errors and warnings in manifests",
            columns: [.init("Place", isHeader: true), .init("Severity"), .init("Message", kind: "long")],
            rows: all.prefix(Self.diagnosticLimit).map { diagnostic in
                let line: Markup = diagnostic.line.map { ":\($0)" } ?? ""
                let hint: Markup =
                    diagnostic.hint.map { "<span class=\"under\">\(Markup.sentence($0))</span>" } ?? ""
                return [
                    "<code>\(diagnostic.file)\(line)</code>", "\(diagnostic.severity.text)",
                    "\(Markup.sentence(diagnostic.message))\(hint)",
                ]
            })
        let left = all.count - Self.diagnosticLimit
        return "<h3>Errors and warnings in manifests</h3>\(table.markup)"
            + (left > 0 ? "<p class=\"muted\">and \(left) more</p>" : "")
    }
}
