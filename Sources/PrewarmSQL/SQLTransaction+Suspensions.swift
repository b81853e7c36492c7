internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    private static let saveSuspension = SQLText.save(
        into: "suspensions", "scope, reason, by, since, until", key: "scope")

    func suspensions() throws -> [Suspension] {
        try statement("SELECT scope, reason, by, since, until FROM suspensions ORDER BY scope").all { columns in
            Suspension(
                scope: Suspension.Scope(stored: columns.next()), reason: columns.next(), by: columns.next(),
                since: columns.next(), until: columns.next())
        }
    }

    func suspensionsInForce(at now: Timestamp) throws -> (areAny: Bool, isOfAll: Bool) {
        try statement(
            """
            SELECT count(*), count(CASE WHEN scope = '*' THEN 1 END) FROM suspensions WHERE until IS NULL OR until > ?
            """
        ).first(now) { columns in (columns.next(Int.self) > 0, columns.next(Int.self) > 0) } ?? (false, false)
    }

    /// The query for presets that are suspended, or whose source is suspended. The current time has to be bound. It
    /// begins with the suspensions, because there are few.
    static let suspendedPresets = """
        WITH stops AS (SELECT scope FROM suspensions WHERE until IS NULL OR until > ?)
        SELECT preset_keys.id FROM stops CROSS JOIN preset_keys ON source = scope
        UNION ALL SELECT preset_keys.id FROM stops CROSS JOIN preset_keys
            ON source = substr(scope, 1, max(instr(scope, '/') - 1, 0)) AND name = substr(scope, instr(scope, '/') + 1)
        """

    func save(_ suspension: Suspension) throws {
        try unsettle(suspension.scope)
        try statement(Self.saveSuspension).run(
            suspension.scope.stored, suspension.reason, suspension.by, suspension.since, suspension.until)
    }

    func forget(_ scope: Suspension.Scope) throws {
        try unsettle(scope)
        try statement("DELETE FROM suspensions WHERE scope = ?").run(scope.stored)
    }
}

extension Suspension.Scope {
    fileprivate var stored: String {
        switch self {
        case .preset(let key): key.description
        case .source(let name): name
        case .all: "*"
        }
    }

    fileprivate init(stored: String) {
        if stored == "*" {
            self = .all
        } else if let slash = stored.lastIndex(of: "/") {
            self = .preset(
                PresetKey(source: String(stored[..<slash]), name: String(stored[stored.index(after: slash)...])))
        } else {
            self = .source(stored)
        }
    }
}
