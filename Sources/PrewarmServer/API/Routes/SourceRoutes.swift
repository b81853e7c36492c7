import PrewarmAPI
package import PrewarmCore
package import PrewarmEngine

/// Routes that read sources, revisions and plans, and that pin sources.
enum SourceRoutes {
    static let all = [
        Route(
            method: .get, template: "/sources", name: "listSources", summary: "List sources",
            description: """
                Returns the configured sources with their applied revisions, conditions and diagnostics. \
                `replica` is the daemon that reconciles the source, and `sharedOut` is true if several daemons share the \
                sources. `daemon` has the state of the loop of this daemon.
                """,
            permission: .look, answers: [(200, [SourceDocument].self)]
        ) { api, call in
            let loops = try await api.daemon?.sourceLoops() ?? [:]
            return APIAnswer(
                try await api.engine.sourceStatuses().map {
                    SourceDocument($0, daemon: loops[$0.name], for: call.principal)
                })
        },
        Route(
            method: .get, template: "/revisions", name: "listRevisions",
            summary: "List applied revisions",
            description: """
                Returns the applied revisions of all sources, newest first, with the changes of presets and templates that \
                each brought, and the numbers of workspaces that each created and deleted. \
                A revision keeps its first 50 changes; `moreChanges` counts the rest.
                """,
            permission: .look,
            query: [.optional("source", .text(maximum: 256), "only revisions of this source"), LookRoutes.limit],
            answers: [(200, [RevisionDocument].self)]
        ) { api, call in
            let (source, limit) = (call.text("source"), call.number("limit") ?? 100)
            let (revisions, templates) = try await api.engine.store.read { store in
                let names = try store.sources().map(\.name).filter { source == nil || $0 == source }
                return (
                    try names.flatMap { try store.markedRevisions(source: $0, limit: limit) },
                    try call.visibleTemplates(of: names, in: store)
                )
            }
            let newest = revisions.sorted { $0.appliedAt > $1.appliedAt }.prefix(limit)
            return APIAnswer(
                newest.map {
                    RevisionDocument($0, templates: templates[$0.source] ?? [], for: call.principal)
                })
        },
        Route(
            method: .get, template: "/plan", name: "plan", summary: "Plan a sync",
            description: """
                Fetches the sources and returns what a sync would do now, with reasons, and changes nothing. \
                404: there is no such source, preset or revision. 429: too many plans are being made, or the caller \
                requests too many; try again. 502: a source cannot be read.
                """,
            permission: .look,
            query: [
                .optional("source", .text(maximum: 256), "only this source (default: all sources)"),
                .optional("preset", .text(maximum: 256), "only this preset (default: all presets)"),
                .optional(
                    "revision", .text(maximum: 256), "a branch, tag or commit to plan (default: the configured ref)"),
            ], endsWithCaller: true, answers: [(200, PlanDocument.self)], problems: [404, 429, 502]
        ) { api, call in
            var reports: [ReconcileReport] = []
            let (engine, revision) = (api.engine, call.text("revision"))
            try api.previews.admit(call.principal, now: engine.now())
            for source in try engine.sourceNames(call.text("source")) {
                let report = try await api.previews.run(of: source) {
                    try await engine.preview(source, revision: revision)
                }
                reports.append(report)
            }
            if let preset = call.text("preset") { try reports.restrict(to: preset, where: call.maySee) }
            return APIAnswer(PlanDocument(plans: reports, at: api.engine.now(), for: call.principal))
        },
        Route(
            method: .post, template: "/sources/{source}/pin", name: "pin",
            summary: "Pin a source to a commit",
            description: """
                Holds a source at a commit, for example until a bad commit is fixed. New commits are not applied until the \
                pin ends. Returns the pinned revision. 404: there is no such source or revision. \
                409: `until` has passed. 502: the source cannot be read.
                """,
            permission: .operate,
            body: [
                .required("revision", .text(maximum: 256), "a branch, tag or commit"),
                .optional("reason", .text(maximum: 1000), "the reason, which is shown with the status of the source"),
                .optional("until", .moment, "the time at which the pin ends (default: never)"),
                .optional("by", .text(maximum: 256), "the author to record (default: the caller)"),
            ], answers: [(200, DoneDocument.self)], problems: [404, 409, 502]
        ) { api, call in
            let name = call.path["source"] ?? ""
            let revision = try await api.engine.pin(
                name, at: call.text("revision") ?? "", reason: call.text("reason"), by: call.author,
                until: try call.moment("until", now: api.engine.now()))
            await api.daemon?.pull(name)
            return APIAnswer(DoneDocument(revision: revision.description)).audited(
                call.entry(
                    "pin", "source", name, at: api.engine.now(), revision: revision.description,
                    detail: call.text("reason")))
        },
        Route(
            method: .delete, template: "/sources/{source}/pin", name: "unpin",
            summary: "Unpin a source",
            description: """
                Ends a pin, so that the source follows its configured ref again. `changed` is false if it was not pinned. \
                404: there is no such source.
                """,
            permission: .operate,
            query: [.optional("by", .text(maximum: 256), "the author to record (default: the caller)")],
            answers: [(200, DoneDocument.self)], problems: [404]
        ) { api, call in
            let name = call.path["source"] ?? ""
            guard api.engine.sources[name] != nil else { throw ReconcileError.unknownSource(name) }
            let wasPinned = try await api.engine.unpin(name, by: call.author)
            await api.daemon?.pull(name)
            return APIAnswer(DoneDocument(changed: wasPinned)).audited(
                call.entry("unpin", "source", name, at: api.engine.now()))
        },
    ]
}

extension Engine {
    /// Returns the given name, or the names of all configured sources if it is nil.
    ///
    /// - Throws: ``Problem`` with the status 404 if the configuration names no such source.
    package func sourceNames(_ name: String?) throws(Problem) -> [String] {
        guard let name else { return sourceNames }
        guard sourceNames.contains(name) else {
            throw Problem(
                "UnknownSource", status: 404, "the configuration names no source \"\(name)\"",
                hint: sourceNames.closest(to: name).map { "did you mean \"\($0)\"?" }
                    ?? "use one of \(sourceNames.joined(separator: ", "))")
        }
        return [name]
    }
}

extension APICall {
    /// Returns the names of the templates of the presets that the caller may see, by source; empty if the caller may see
    /// everything.
    func visibleTemplates(of sources: [String], in store: any StoreReader) throws -> [String: Set<String>] {
        guard !principal.seesAllPresets else { return [:] }
        return try Dictionary(
            sources.map { source in
                (source, Set(try store.presets(source: source).filter { maySee($0.key) }.map(\.spec.template)))
            }
        ) { first, _ in first }
    }
}

extension [ReconcileReport] {
    /// Removes the actions and pools of other presets from the plans.
    ///
    /// - Parameter isVisible: Whether the caller may know a preset. A suggestion names no other preset.
    /// - Throws: ``Problem`` with the status 404 if no report has a preset of this name.
    package mutating func restrict(
        to preset: String, where isVisible: (PresetKey) -> Bool = { _ in true }
    ) throws(Problem) {
        let known = flatMap(\.presets).map(\.key)
        guard known.contains(where: { $0.name == preset }) else {
            throw Problem(
                "UnknownPreset", status: 404, "there is no preset \"\(preset)\"",
                hint: Problem.hint(for: preset, among: known.filter(isVisible).map(\.name)))
        }
        for index in indices {
            self[index].restrictChanges(to: preset)
            self[index].plan.restrict(to: preset)
            self[index].suspended.removeAll { $0.action.preset.name != preset }
        }
    }
}
