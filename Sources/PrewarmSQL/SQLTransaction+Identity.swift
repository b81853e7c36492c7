internal import PrewarmCore
internal import PrewarmEngine

/// The changes of a transaction that an older copy of the store would miss.
final class StoreProgress {
    private(set) var isMade = false
    private(set) var newest: WorkspaceID?

    func note() { isMade = true }

    /// Records a workspace that this store creates.
    func note(_ workspace: WorkspaceID) {
        isMade = true
        newest = max(newest ?? workspace, workspace)
    }
}

extension SQLTransaction {
    func identity() throws -> StoreIdentity {
        let found = try statement(
            "SELECT identity, counter, newest, former, hold, hold_message, held_since FROM store"
        ).first { columns in
            StoreIdentity(
                id: columns.next(), counter: columns.next(), newest: columns.next(),
                former: Set(columns.next(String.self).split(separator: " ").map(String.init)), hold: hold(&columns))
        }
        guard let found else { throw StoreError(.damaged, "cannot read the store: its identity is missing") }
        return found
    }

    private func hold(_ columns: inout Columns) -> StoreHold? {
        let reason = columns.next(String?.self).flatMap(StoreHold.Reason.init(rawValue:))
        let (message, since) = (columns.next(String.self), columns.next(Timestamp.self))
        return reason.map { StoreHold($0, message, since: since) }
    }

    /// Increases the counter of the store for the commit of this transaction.
    /// - Returns: The new counter.
    func advance() throws -> Int64 {
        try statement("UPDATE store SET counter = counter + 1, newest = max(newest, ?) RETURNING counter")
            .first(progress.newest?.rawValue ?? "") { columns in columns.next(Int64.self) } ?? 0
    }

    func noteProgress() { progress.note() }

    /// Continues the counter after that of a newer copy, and records the identity of a former store.
    func continueCounter(after counter: Int64, former: String?) throws {
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
