import PrewarmCore
import PrewarmEngine

/// What belongs to no single kind of thing.
enum LookRoutes {
    static let limit = Field.optional("limit", .integer(1...1000), "how many at most; over HTTP 100 unless it is said")

    static let all = [
        Route(
            method: .get, template: "/status", name: "getStatus",
            summary: "Sources and pools, those first that are not healthy, and what is held, stalled or failing",
            permission: .look, query: [limit], answers: [(200, "Status")]
        ) { api, call in
            let overview = try await Overview(api.engine, limit: call.number("limit") ?? .max, for: call.principal)
            return APIAnswer(overview.value.merging(["daemon": api.daemon?.value]))
        },
        Route(
            method: .get, template: "/export", name: "export",
            summary: "The state, as `plan --observed` reads it", permission: .operate, answers: [(200, "Observed")]
        ) { api, call in APIAnswer(try await api.engine.export(for: call.principal)) },
        Route(
            method: .get, template: "/templates", name: "listTemplates", summary: "Templates in force",
            permission: .look, query: [.optional("name", .text(maximum: 256), "only this one")],
            answers: [(200, "[]Template")]
        ) { api, call in
            let name = call.text("name")
            return APIAnswer(
                .array(
                    try await api.engine.store.read { store in
                        try store.sources().flatMap { source in
                            let used = Set(
                                try store.presets(source: source.name).filter { call.maySee($0.key) }.map(\.spec.template))
                            return try store.templates(source: source.name).filter {
                                (name == nil || $0.name == name)
                                    && (call.principal.seesAllPresets || used.contains($0.name))
                            }.map { Value($0, source: source.name) }
                        }
                    }))
        },
        Route(
            method: .get, template: "/events", name: "listEvents", summary: "What happened lately, the oldest first",
            permission: .look,
            query: [.optional("preset", .text(maximum: 256), "only of this preset"), limit],
            answers: [(200, "[]Event")], problems: [404]
        ) { api, call in
            let (name, limit) = (call.text("preset"), call.number("limit") ?? 500)
            return APIAnswer(
                .array(
                    try await api.engine.store.read { store in
                        let key = try name.map { try call.preset(named: $0, of: api.engine, in: store) }
                        return try store.events(EventFilter(preset: key, limit: limit))
                            .compactMap { Value($0, for: call.principal) }
                    }))
        },
        Route(
            method: .get, template: "/orphans", name: "listOrphans",
            summary: "What provisioners list and nobody knows", permission: .look, answers: [(200, "[]Orphan")]
        ) { api, call in
            let orphans = try await api.engine.store.read { try $0.orphans() }
            return APIAnswer(.array(orphans.compactMap { Value($0, for: call.principal) }))
        },
    ]
}

extension APICall {
    /// The elements behind the cursor, no more than the limit, and where the next part begins.
    func page<Element>(_ elements: [Element], by cursor: (Element) -> String, _ value: (Element) -> Value) -> APIAnswer
    {
        let start = text("cursor").map { last in elements.firstIndex { cursor($0) > last } ?? elements.endIndex } ?? 0
        return cut(Array(elements[start...]), by: cursor, value)
    }

    /// Of elements that begin behind the cursor, and may be one more than the limit. Those without a value are left
    /// out.
    func cut<Element>(
        _ elements: [Element], by cursor: (Element) -> String, _ value: (Element) -> Value?
    ) -> APIAnswer {
        guard let limit = number("limit"), elements.count > limit else {
            return APIAnswer(.array(elements.compactMap(value)))
        }
        return APIAnswer(.array(elements[..<limit].compactMap(value)), nextCursor: cursor(elements[limit - 1]))
    }
}
