internal import PrewarmCore
internal import PrewarmEngine

extension SQLiteTransaction {
    func suspensions() throws -> [Suspension] {
        try statement("SELECT scope, reason, by, since, until FROM suspensions ORDER BY scope").all { columns in
            Suspension(
                scope: Suspension.Scope(stored: columns.next()), reason: columns.next(), by: columns.next(),
                since: columns.next(), until: columns.next())
        }
    }

    func save(_ suspension: Suspension) throws {
        try unsettle(suspension.scope)
        try statement("INSERT OR REPLACE INTO suspensions (scope, reason, by, since, until) VALUES (?,?,?,?,?)").run(
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
