import PrewarmAPI
import PrewarmCore
import PrewarmEngine

/// Routes that read presets and adopt orphans.
enum PresetRoutes {
    static let source = Field.optional(
        "source", .text(maximum: 256), "the source of the preset, if several sources have a preset of this name")
    private static let cursor = Field.optional(
        "cursor", .characters("a-z0-9/.-", maximum: 600), LookRoutes.cursor)

    static let all = [
        Route(
            method: .get, template: "/presets", name: "listPresets", summary: "List applied presets",
            description:
                "Returns the applied presets in the caller's scope with the counts and conditions of their pools, by source/name.",
            permission: .look,
            query: [
                .optional("name", .text(maximum: 512), "only presets of this name: name or source/name"),
                .optional("ready", .boolean, "true: only ready presets; false: only presets that are not ready"),
                LookRoutes.limit, cursor,
            ], answers: [(200, [PresetDocument].self)]
        ) { api, call in
            let (name, ready) = (call.text("name"), call.query["ready"]?.bool)
            let queues = try await api.engine.queueLengths()
            let statuses = try await api.engine.assess().flatMap(\.statuses).filter { status in
                call.maySee(status.preset.key)
                    && (name == nil || status.preset.key.name == name || status.preset.key.description == name)
                    && (ready == nil || (status[.ready]?.status == .yes) == ready)
            }
            return call.page(
                statuses.sorted { $0.preset.key.description < $1.preset.key.description },
                by: \.preset.key.description
            ) { status in
                PresetDocument(status, waiting: queues.waiting(of: status.preset.key), for: call.principal)
            }
        },
        Route(
            method: .get, template: "/presets/{preset}", name: "getPreset",
            summary: "Get a preset",
            description: """
                Returns a preset with its workspaces and recent events. \
                `story` explains in sentences what the pool should have, what it has, and what happens next. \
                404: there is no such preset. 409: several sources have a preset of this name; use `source`.
                """,
            permission: .ofObject, query: [source],
            answers: [(200, PresetDescription.self)], problems: [404, 409]
        ) { api, call in
            let key = try await call.preset(in: api)
            return APIAnswer(try await api.engine.describePreset(key.description, for: call.principal))
        },
        Route(
            method: .post, template: "/presets/{preset}/adopt", name: "adopt",
            summary: "Adopt orphans into a pool",
            description: """
                Adds orphans, which a provisioner lists and the store does not know, to the pool of a preset. \
                Returns the adopted workspaces. Either all of `ids` are adopted or none. \
                404: there is no such preset or orphan. 409: an orphan belongs to another provisioner, is not ready, \
                is known already, or does not fit into the pool; or the preset is retired.
                """,
            permission: .operate, query: [source],
            body: [
                .required("ids", .texts(maximum: 1000), "the ids of the orphans, from `GET /api/v1/orphans`"),
                .optional("by", .text(maximum: 256), "the author to record (default: the caller)"),
            ], answers: [(200, [WorkspaceDocument].self)], problems: [404, 409]
        ) { api, call in
            let key = try await call.preset(in: api)
            let adopted = try await api.engine.adopt(call.texts("ids"), into: key.description, by: call.author)
            api.daemon?.replan()
            return APIAnswer(adopted.compactMap { WorkspaceDocument($0, ttl: nil, for: call.principal) }).audited(
                call.entry(
                    "adopt", "preset", key.description, at: api.engine.now(),
                    detail: call.texts("ids").joined(separator: ", ")))
        },
    ]
}

extension APICall {
    /// The preset that the path and the query name: `name`, or `source/name`.
    var preset: String {
        let name = path["preset"] ?? ""
        return text("source").map { "\($0)/\(name)" } ?? name
    }

    /// The author to record: the one that the request names in `by`, otherwise the caller.
    var author: String { text("by") ?? caller.name }
}
