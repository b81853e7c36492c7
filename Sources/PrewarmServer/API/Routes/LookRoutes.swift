import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that read the state as a whole: status, export, templates, events and orphans.
enum LookRoutes {
    static let limit = Field.optional("limit", .integer(1...1000), "the maximum number of items (default: 100)")
    /// The description of the parameter `cursor`, whose form differs from list to list.
    static let cursor = "the end of the previous page, from the address in its header `Link`"

    static let all = [
        Route(
            method: .get, template: "/status", name: "getStatus",
            summary: "Get the status",
            description: """
                Returns the sources, the pools in the caller's scope (unhealthy pools first), and failing operations. \
                `healthy` is false if something needs attention. \
                `limit` bounds the number of pools and of failing operations; `morePresets` and `moreFailing` count the rest.
                """,
            permission: .look, query: [limit], answers: [(200, StatusDocument.self)]
        ) { api, call in
            // A command that works on the store directly shows all pools.
            let standard = call.caller.origin == AuditEntry.local ? Int.max : 100
            let limit = call.number("limit") ?? standard
            let overview = try await Overview(api.engine, limit: limit, for: call.principal)
            return APIAnswer(overview.document(daemon: api.daemon))
        },
        Route(
            method: .get, template: "/export", name: "export",
            summary: "Export the state",
            description: "Returns all workspaces and operations in the form that `prewarm plan --observed` reads.",
            permission: .operate, answers: [(200, ObservedDocument.self)]
        ) { api, call in APIAnswer(try await api.engine.export(for: call.principal)) },
        Route(
            method: .get, template: "/templates", name: "listTemplates", summary: "List applied templates",
            description: "Returns the templates of the applied revisions of all sources.",
            permission: .look,
            query: [.optional("name", .text(maximum: 256), "only templates of this name")],
            answers: [(200, [TemplateDocument].self)]
        ) { api, call in
            let name = call.text("name")
            return APIAnswer(
                try await api.engine.store.read { store in
                    let sources = try store.sources().map(\.name)
                    let used = try call.visibleTemplates(of: sources, in: store)
                    return try sources.flatMap { source in
                        try store.templates(source: source).filter {
                            (name == nil || $0.name == name)
                                && (call.principal.seesAllPresets || used[source]?.contains($0.name) == true)
                        }.map { TemplateDocument($0, source: source) }
                    }
                })
        },
        Route(
            method: .get, template: "/events", name: "listEvents", summary: "List recent events",
            description: """
                Returns the most recent events of the caller's scope, oldest first. \
                With `Accept: text/event-stream` the answer is a stream of new events; \
                with the header `Last-Event-ID` it begins after that event. 404: there is no such preset.
                """,
            permission: .look,
            query: [.optional("preset", .text(maximum: 256), "only events of this preset"), limit],
            answers: [(200, [EventDocument].self)], problems: [404]
        ) { api, call in
            let (name, limit) = (call.text("preset"), call.number("limit") ?? 500)
            return APIAnswer(
                try await api.engine.store.read { store in
                    let key = try name.map { try call.preset(named: $0, of: api.engine, in: store) }
                    return try store.events(EventFilter(preset: key, limit: limit))
                        .compactMap { EventDocument($0, for: call.principal) }
                })
        },
        Route(
            method: .get, template: "/orphans", name: "listOrphans",
            summary: "List orphans",
            description:
                "Returns the workspaces that a provisioner lists and the store does not know. Adopt them into a pool with `adopt`.",
            permission: .look, answers: [(200, [OrphanDocument].self)]
        ) { api, call in
            let orphans = try await api.engine.store.read { try $0.orphans() }
            return APIAnswer(orphans.compactMap { OrphanDocument($0, for: call.principal) })
        },
    ]
}

extension APICall {
    /// Returns the page after the cursor, with at most `limit` elements, and the cursor of the next page.
    ///
    /// - Parameters:
    ///   - elements: All elements, in ascending order of their cursors.
    ///   - cursor: Returns the cursor of an element.
    ///   - document: Returns the document of an element.
    func page<Element, Item: Document>(
        _ elements: [Element], by cursor: (Element) -> String, _ document: (Element) -> Item
    ) -> APIAnswer {
        let start = text("cursor").map { last in elements.firstIndex { cursor($0) > last } ?? elements.endIndex } ?? 0
        return cut(Array(elements[start...]), by: cursor, document)
    }

    /// Returns a page with at most `limit` elements, and the cursor of the next page if there are more elements.
    ///
    /// - Parameters:
    ///   - elements: The elements after the cursor. One element more than the limit shows that another page follows.
    ///   - cursor: Returns the cursor of an element.
    ///   - document: Returns the document of an element, or nil for an element that the caller may not see. The page then
    ///     has fewer elements.
    func cut<Element, Item: Document>(
        _ elements: [Element], by cursor: (Element) -> String, _ document: (Element) -> Item?
    ) -> APIAnswer {
        guard let limit = number("limit"), elements.count > limit else {
            return APIAnswer(elements.compactMap(document))
        }
        return APIAnswer(elements[..<limit].compactMap(document), nextCursor: cursor(elements[limit - 1]))
    }
}
