package import PrewarmCore
package import PrewarmEngine

enum SourceRoutes {
    static let all = [
        Route(
            method: .get, template: "/sources", name: "listSources", summary: "Configured sources and their state",
            permission: .look, answers: [(200, "[]Source")]
        ) { api, call in
            APIAnswer(
                .array(
                    try await api.engine.sourceStatuses().map { status in
                        Value(status, for: call.principal).merging(["daemon": api.daemon?.value(ofSource: status.name)])
                    }))
        },
        Route(
            method: .get, template: "/revisions", name: "listRevisions",
            summary: "What each revision did, the newest first", permission: .look,
            query: [.optional("source", .text(maximum: 256), "only of this source"), LookRoutes.limit],
            answers: [(200, "[]Revision")]
        ) { api, call in
            let (source, limit) = (call.text("source"), call.number("limit") ?? 100)
            let revisions = try await api.engine.store.read { store in
                try store.sources().map(\.name).filter { source == nil || $0 == source }
                    .flatMap { try store.revisions(source: $0, limit: limit) }
            }
            return APIAnswer(.array(revisions.map { Value($0) }))
        },
        Route(
            method: .get, template: "/plan", name: "plan", summary: "What a sync would do now, and why",
            permission: .look,
            query: [
                .optional("source", .text(maximum: 256), "of this source only"),
                .optional("preset", .text(maximum: 256), "of this preset only"),
                .optional("revision", .text(maximum: 256), "a branch, tag or commit in place of the configured ref"),
            ], endsWithCaller: true, answers: [(200, "Plan")], problems: [404, 429, 502]
        ) { api, call in
            var reports: [TurnReport] = []
            let (engine, revision) = (api.engine, call.text("revision"))
            for source in try engine.sourceNames(call.text("source")) {
                let report = try await api.previews.run(of: source) {
                    try await engine.preview(source, revision: revision)
                }
                reports.append(report)
            }
            if let preset = call.text("preset") { try reports.restrict(to: preset, where: call.maySee) }
            return APIAnswer(Value(plans: reports, at: api.engine.now(), for: call.principal))
        },
        Route(
            method: .post, template: "/sources/{source}/pin", name: "pin",
            summary: "Hold a source at a commit while git is being mended", permission: .operate,
            body: [
                .required("revision", .text(maximum: 256), "a branch, tag or commit"),
                .optional("reason", .text(maximum: 1000), "why"),
                .optional("until", .moment, "when it ends by itself"),
                .optional("by", .text(maximum: 256), "who does it"),
            ], answers: [(200, "Done")], problems: [404, 409, 502]
        ) { api, call in
            let name = call.path["source"] ?? ""
            let revision = try await api.engine.pin(
                name, at: call.text("revision") ?? "", reason: call.text("reason"), by: call.author,
                until: try call.moment("until", now: api.engine.now()))
            api.daemon?.pull(name)
            return APIAnswer(.object(known: ["revision": .string(revision.description)])).audited(
                call.entry(
                    "pin", "source", name, at: api.engine.now(), revision: revision.description,
                    detail: call.text("reason")))
        },
        Route(
            method: .delete, template: "/sources/{source}/pin", name: "unpin",
            summary: "Let a source follow its ref again", permission: .operate,
            query: [.optional("by", .text(maximum: 256), "who does it")], answers: [(200, "Done")], problems: [404]
        ) { api, call in
            let name = call.path["source"] ?? ""
            guard api.engine.sources[name] != nil else { throw TurnError.unknownSource(name) }
            let wasPinned = try await api.engine.unpin(name, by: call.author)
            api.daemon?.pull(name)
            return APIAnswer(.object(known: ["changed": .bool(wasPinned)])).audited(
                call.entry("unpin", "source", name, at: api.engine.now()))
        },
    ]
}

extension Engine {
    /// All, or the one.
    /// - Throws: ``Problem`` where the configuration names no such source.
    package func sourceNames(_ name: String?) throws(Problem) -> [String] {
        guard let name else { return sourceNames }
        guard sourceNames.contains(name) else {
            throw Problem(
                "UnknownSource", status: 404, "the configuration names no source \"\(name)\"",
                hint: sourceNames.closest(to: name).map { "did you mean \"\($0)\"?" }
                    ?? "it names \(sourceNames.joined(separator: ", "))")
        }
        return [name]
    }
}

extension [TurnReport] {
    /// Leaves out what is about other presets.
    /// - Parameter isVisible: Whether the caller may know a preset; a suggestion names no other.
    package mutating func restrict(
        to preset: String, where isVisible: (PresetKey) -> Bool = { _ in true }
    ) throws(Problem) {
        let known = flatMap(\.presets).map(\.key)
        guard known.contains(where: { $0.name == preset }) else {
            throw Problem(
                "UnknownPreset", status: 404, "there is no preset \"\(preset)\"",
                hint: Problem.hint(for: preset, among: known.filter(isVisible).map(\.name)))
        }
        for index in indices { self[index].plan.restrict(to: preset) }
    }
}
