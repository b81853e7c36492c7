internal import PrewarmCore
internal import PrewarmEngine

/// What a transaction did that a restored copy of the store would not know.
final class StoreProgress {
    private(set) var isMade = false
    private(set) var newest: WorkspaceID?

    func note() { isMade = true }

    /// A workspace that this store makes.
    func note(_ workspace: WorkspaceID) {
        isMade = true
        newest = max(newest ?? workspace, workspace)
    }
}

extension SQLiteTransaction {
    func identity() throws -> StoreIdentity {
        let found = try statement(
            "SELECT identity, counter, newest, former, hold, hold_message, held_since FROM store"
        ).first { columns in
            StoreIdentity(
                id: columns.next(), counter: columns.next(), newest: columns.next(),
                former: Set(columns.next(String.self).split(separator: " ").map(String.init)), hold: hold(&columns))
        }
        guard let found else { throw StoreError(.damaged, "the store has lost its identity") }
        return found
    }

    private func hold(_ columns: inout Columns) -> StoreHold? {
        let reason = columns.next(String?.self).flatMap(StoreHold.Reason.init(rawValue:))
        let (message, since) = (columns.next(String.self), columns.next(Timestamp.self))
        return reason.map { StoreHold($0, message, since: since) }
    }

    /// Counts the commit that this transaction is part of.
    /// - Returns: the counter then.
    func advance() throws -> Int64 {
        try statement("UPDATE store SET counter = counter + 1, newest = max(newest, ?) RETURNING counter")
            .first(progress.newest?.rawValue ?? "") { columns in columns.next(Int64.self) } ?? 0
    }

    func noteProgress() { progress.note() }

    /// Counts on from what a copy that was newer had reached, and remembers the identity of one that was here before.
    func goOn(after counter: Int64, former: String?) throws {
        try statement(
            "UPDATE store SET counter = max(counter, ?), former = trim(former || ' ' || ?)"
        ).run(counter, former ?? "")
        progress.note()
    }

    func setHold(_ hold: StoreHold) throws {
        try statement("UPDATE store SET hold = ?, hold_message = ?, held_since = ?")
            .run(hold.reason.rawValue, hold.message, hold.since)
        try planAgain()
    }

    func endHold(newest: WorkspaceID?) throws {
        if let newest { progress.note(newest) }
        try statement("UPDATE store SET hold = NULL, hold_message = NULL, held_since = NULL").run()
        try planAgain()
    }

    private func planAgain() throws {
        progress.note()
        try unsettle(.all)
        try statement("UPDATE sources SET quiet_until = NULL").run()
    }
}
