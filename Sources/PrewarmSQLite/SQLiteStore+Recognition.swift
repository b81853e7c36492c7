internal import GRDB
internal import Glibc
internal import PrewarmCore
internal import PrewarmEngine
internal import PrewarmSQL

/// Recognition of an older copy when a store is opened.
extension SQLiteStore {
    /// Compares the store with the identity file beside it. If the store is older than the file, it is put on hold. So it is if
    /// the file is missing while the store has workspaces, since nothing then shows whether the store is an older copy.
    /// - Returns: The identity and the counter of the store.
    static func recognize(_ writer: DatabaseQueue, _ file: IdentityFile) throws -> IdentityFile.Content {
        // The file is read first, because it is written after the commits that it counts.
        let last = file.read()
        let known = try writer.inDatabase { try SQLJob(on: SQLiteConnection($0)).identity() }
        guard let last else { return try recognizeWithoutFile(writer, file, known) }
        guard doubt(about: known, last) else {
            return IdentityFile.Content(identity: known.id, counter: known.counter)
        }
        let counter = try writer.inDatabase { database in
            try database.transaction(.immediate) {
                try SQLJob(on: SQLiteConnection(database)).settle(last)
            }
        }
        let content = IdentityFile.Content(identity: known.id, counter: counter)
        // If the write fails, the next process that opens the store recognizes the copy again.
        try? file.write(content)
        return content
    }

    /// Writes the missing file, after a hold for a store with workspaces. So a new store has its file before it has workspaces.
    private static func recognizeWithoutFile(
        _ writer: DatabaseQueue, _ file: IdentityFile, _ known: StoreIdentity
    ) throws -> IdentityFile.Content {
        let needsHold = try writer.inDatabase { try SQLJob(on: SQLiteConnection($0)).needsConfirmation(beside: file) }
        var counter = known.counter
        if needsHold {
            counter = try writer.inDatabase { database in
                try database.transaction(.immediate) { try SQLJob(on: SQLiteConnection(database)).doubt(beside: file) }
            }
        }
        let content = IdentityFile.Content(identity: known.id, counter: counter)
        // If the write fails, the next process that opens the store finds the file missing again.
        try? file.write(content)
        return content
    }

    fileprivate static func doubt(about store: StoreIdentity, _ last: IdentityFile.Content) -> Bool {
        last.identity == store.id ? last.counter > store.counter : !store.former.contains(last.identity)
    }
}

extension SQLJob {
    /// Returns true if the file is missing or invalid, and the store has workspaces and no hold yet. A store of an earlier version
    /// never had a file, and its counter is 0.
    fileprivate func needsConfirmation(beside file: IdentityFile) throws -> Bool {
        let known = try identity()
        guard known.hold == nil, known.counter > 0, try hasWorkspaces() else { return false }
        return file.readPatiently() == nil
    }

    /// Puts the store on hold until each provisioner was listed, unless another process has done so in the meantime.
    /// - Returns: The counter of the store.
    fileprivate func doubt(beside file: IdentityFile) throws -> Int64 {
        let known = try identity()
        guard try needsConfirmation(beside: file) else { return known.counter }
        let now = Timestamp(seconds: Int64(time(nil)))
        let hold = StoreHold(.unconfirmed, "the file \(file.path) is missing or invalid", since: now)
        try writer.setHold(hold)
        try writer.forgetListTimes()
        try writer.append([
            Event(
                at: now, kind: .warning, reason: EventReason(hold.reason), object: "store",
                name: String(known.id.prefix(8)), message: hold.sentence)
        ])
        return try advance() ?? known.counter
    }

    /// Puts the store on hold.
    /// - Returns: The new counter of the store.
    fileprivate func settle(_ last: IdentityFile.Content) throws -> Int64 {
        let known = try identity()
        // Another process may have put the store on hold in the meantime.
        guard SQLiteStore.doubt(about: known, last) else { return known.counter }
        let now = Timestamp(seconds: Int64(time(nil)))
        let (isOurs, other) = (last.identity == known.id, last.identity.prefix(8))
        let hold: StoreHold
        if isOurs {
            let missing = last.counter - known.counter
            hold = StoreHold(
                .restored, "the last \(missing) \(missing == 1 ? "change is" : "changes are") missing", since: now)
        } else if try isEmpty() {
            hold = StoreHold(
                .fresh, "the store \(other) was used here before and may have workspaces", since: now)
        } else {
            hold = StoreHold(.restored, "the store \(other) was used here after this copy was made", since: now)
        }
        try writer.setHold(hold)
        try continueCounter(after: isOurs ? last.counter : 0, former: hold.reason == .fresh ? last.identity : nil)
        try writer.append([
            Event(
                at: now, kind: .warning, reason: EventReason(hold.reason), object: "store",
                name: String(known.id.prefix(8)), message: hold.sentence)
        ])
        return try advance() ?? known.counter
    }
}
