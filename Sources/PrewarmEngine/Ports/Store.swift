package import PrewarmCore

/// The durable state: applied presets, workspaces, operations, claims and history.
///
/// A store offers primitives in transactions. The engine combines them, so that every store behaves alike. Bodies run
/// synchronously and may run again after a conflict, so they must have no other effects.
package protocol Store: Sendable {
    /// Runs a body with a consistent view of the store. It writes nothing and makes no writer wait.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Result) async throws -> Result

    /// Runs a body in a transaction that is the only writer from its first statement on (`BEGIN IMMEDIATE`). If the body
    /// throws, the transaction is rolled back.
    func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result

    /// Writes to the disk, and throws if that fails. An empty transaction is no such test, since it needs no space.
    func checkWritable() async throws

    /// Looks for damage in the store's files. It reads all files, while other transactions continue.
    /// - Parameter isThorough: If true, it also compares indexes with their tables, which takes several times as long.
    /// - Returns: At most ten findings; empty if the files are not damaged.
    @discardableResult
    func findDamage(isThorough: Bool) async throws -> [String]

    /// The findings of the last search for damage.
    var damage: [String] { get }

    /// Returns the time by the clock that the processes of several machines share; nil if all processes of the store run on one
    /// machine and use its clock.
    func sharedTime() -> Timestamp?

    /// Returns the hints of other processes, from the first iteration on; nil if the store has none.
    func hints() -> AsyncStream<StoreHint>?

    /// The connections of the store; nil if it is no server.
    var connections: StoreConnections? { get }
}

/// The order of writes that wait at the same time.
package enum WriteUrgency: Sendable {
    /// A user waits for the write: a claim or a handover.
    case ofUser
    /// Any other write. It waits while writes of users wait, but not for long.
    case usual
}

extension Store {
    /// Runs a body in a transaction for which no user waits.
    package func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        try await write(.usual, body)
    }
}

/// The reads inside a transaction.
package protocol StoreReader: StandingReader, BreakerReader, ClaimReader, HandoverReader, TicketReader,
    HealthReader, CheckReader, ReplicaReader
{
    func identity() throws -> StoreIdentity

    func source(_ name: String) throws -> SourceRecord?
    /// Returns all sources, in the order of their names.
    func sources() throws -> [SourceRecord]
    /// Returns the last lease of a source, which may have expired.
    func lease(ofSource name: String) throws -> Lease?

    /// Returns the applied presets in the order of their names, also removed ones that still have workspaces.
    /// - Parameter source: The source; nil for all sources.
    func presets(source: String?) throws -> [Preset]
    /// Returns the presets with a `name` in any source, or the one of `source/name`.
    func presets(named name: String) throws -> [Preset]
    func templates(source: String?) throws -> [Template]
    func diagnostics(source: String) throws -> [Diagnostic]
    /// Returns a warning for each stored value of the source, other than presets, that cannot be read.
    func unreadable(source: String) throws -> [Diagnostic]
    /// Returns the applied revisions of a source, the newest first.
    func revisions(source: String, limit: Int) throws -> [RevisionRecord]

    /// Returns the numbers of workspaces by preset, fingerprint and state, without deleted ones. Equal numbers of a preset are
    /// always in the same order, so that two reads can be compared. It is one pass over an index.
    func tallies(source: String?) throws -> [Tally]
    func tallies(of preset: PresetKey) throws -> [Tally]
    /// Returns the unclaimed workspaces of the presets that are not deleted.
    func instances(of presets: [PresetKey]) throws -> [Instance]
    func failures(source: String?) throws -> [FailureRecord]
    /// Returns the conditions of each preset that the last reconciliation stored.
    func conditions(source: String) throws -> [PresetKey: [Condition]]

    /// Returns all suspensions, also the ones that have ended by their time.
    func suspensions() throws -> [Suspension]
    /// Returns the record of the deletion guard; an empty one if none is stored.
    func guardRecord(ofSource name: String) throws -> GuardRecord
    /// Returns all pins, also the ones that have ended by their time.
    func pins() throws -> [Pin]
    /// Returns all orphans, in the order of their provisioners and ids.
    func orphans() throws -> [Orphan]
    /// Returns the time of the provisioner's last list; nil if there was none.
    func listedAt(provisioner: String) throws -> Timestamp?
    /// Returns the failures of the provisioners whose last list failed.
    func listFailures() throws -> [ListFailure]
    /// Returns the record of the provisioner's last list; nil if there was none.
    func listing(provisioner: String) throws -> Listing?
    /// Returns the suspects of a provisioner, in the order of their ids.
    func suspects(provisioner: String) throws -> [Suspect]

    /// Returns the workspace with this id or name.
    func workspace(_ idOrName: String) throws -> Workspace?
    func workspace(claimedWith key: ClaimKey) throws -> Workspace?
    /// Returns workspaces in the order of their ids, which is the order of their creation.
    func workspaces(_ filter: WorkspaceFilter) throws -> [Workspace]

    func operation(_ id: OperationID) throws -> OperationRecord?
    /// Returns operations, the newest first.
    func operations(_ filter: OperationFilter) throws -> [OperationRecord]
    /// Returns pending operations that are due, in the order of their class, then their round, then their age
    /// (``QueuePlace``).
    ///
    /// Operations of a suspended preset are left out, except the delete of a released or revoked workspace. Creates for the pool of a
    /// preset that is backing off or stalled are left out until its next try is due, and while one is running. If the filter
    /// names a workspace, neither of these applies. Deletes are left out while the store is held as a restored copy.
    /// Operations of one workspace never run at the same time, and its delete comes last.
    func dueOperations(_ filter: DueFilter, now: Timestamp, limit: Int) throws -> [OperationRecord]
    /// Returns the most urgent class behind `after` with a pending operation of the provisioner, due or not.
    func nextLaneClass(of provisioner: String, after: LaneClass?) throws -> LaneClass?
    /// Returns the first time after `time` at which a pending operation becomes due.
    func nextAttempt(after time: Timestamp) throws -> Timestamp?
    /// Returns the logs of an operation's attempts, in the order of the attempts.
    func log(of operation: OperationID) throws -> [LogRecord]
    /// Returns events, the oldest first.
    func events(_ filter: EventFilter) throws -> [Event]
    /// Returns the events behind a number, in the order of their commits. A later event has a larger number, and no number is
    /// used twice, even after events were deleted.
    func events(after sequence: Int64, limit: Int) throws -> [SequencedEvent]
    /// Returns the number of the newest event; 0 if there never was one.
    func newestEvent() throws -> Int64
    /// Returns the position of a notification sink; nil if it has none yet.
    func sink(_ name: String) throws -> SinkRecord?
    /// Returns the numbers of pending and running operations. It is one pass over an index.
    func unfinishedOperations(now: Timestamp) throws -> OperationTallies

    // MARK: Access

    /// Returns all tokens, in the order of their names.
    func accessTokens() throws -> [AccessTokenRecord]
    func accessToken(_ id: String) throws -> AccessTokenRecord?
    func hasAccessTokens() throws -> Bool
    /// Returns entries of the audit log, the newest first.
    /// - Parameter before: The number before which the entries begin; nil to begin with the newest.
    func audit(before: Int64?, limit: Int) throws -> [AuditRecord]

    /// Returns the cached parse results of the blobs.
    func parsed(blobs: [String], parserVersion: Int) throws -> [String: [UInt8]]
}

/// The writes inside a transaction.
package protocol StoreWriter: StoreReader, StandingWriter, BreakerWriter, ClaimWriter, HandoverWriter, TicketWriter,
    HealthWriter, CheckWriter, ReplicaWriter
{
    /// Increases ``StoreIdentity/counter``, so that a restored copy can be detected. The commit then writes to the disk.
    func noteProgress() throws
    /// Sets the hold of the store, which replaces an earlier one. All pools are planned for again.
    func setHold(_ hold: StoreHold) throws
    /// Forgets when provisioners were listed, so that each one is listed again.
    func forgetListTimes() throws
    /// Ends the hold, if there is one. All pools are planned for again.
    /// - Parameter newest: The newest workspace of this store that a provisioner lists.
    func endHold(newest: WorkspaceID?) throws

    func save(_ source: SourceRecord) throws
    /// Deletes the record of a source.
    func forget(source name: String) throws
    /// Notes that the desired state or a pool of the source changed, so that the next reconciliation plans.
    func markDirty(source name: String) throws
    func save(_ lease: Lease, ofSource name: String) throws

    func save(_ presets: [Preset]) throws
    /// Deletes the records of presets.
    func forget(_ presets: [PresetKey]) throws
    func replaceTemplates(_ templates: [Template], source: String) throws
    func replaceDiagnostics(_ diagnostics: [Diagnostic], source: String) throws
    func insert(_ revision: RevisionRecord) throws
    /// Replaces the newest revision of the source.
    func updateNewest(_ revision: RevisionRecord) throws
    func save(_ conditions: [PresetKey: [Condition]]) throws
    /// Saves a suspension, which replaces one of the same scope.
    func save(_ suspension: Suspension) throws
    /// Deletes the suspension of a scope.
    func forget(_ scope: Suspension.Scope) throws
    func save(_ record: GuardRecord, ofSource name: String) throws
    /// Saves a pin, which replaces an earlier one of the source.
    func save(_ pin: Pin) throws
    func forgetPin(ofSource name: String) throws
    /// Saves the record of a list, which replaces the one of the provisioner's last list.
    func save(_ listing: Listing) throws
    /// Sets the time at which the provisioner was asked for a list, and keeps the result of the last one.
    func setListed(provisioner: String, at: Timestamp) throws
    /// Sets the failure of a provisioner that was asked for a list before; nil if its list works again.
    func setListFailure(_ failure: ListFailure?, provisioner: String) throws
    func replaceSuspects(_ suspects: [Suspect], provisioner: String) throws
    /// Sets the build failures of a preset; nil deletes them.
    func setFailure(_ failure: FailureRecord?, of preset: PresetKey) throws

    func insert(_ workspaces: [Workspace]) throws
    /// Inserts workspaces. They replace deleted ones with the same ids.
    func replaceDeleted(by workspaces: [Workspace]) throws
    /// Inserts new workspaces with their create operations.
    func create(_ groups: [NewWorkspaces]) throws
    /// Saves a workspace, except its id, preset, spec and time of creation, if its state is still one of `states`. Otherwise
    /// it returns false and writes nothing.
    func update(_ workspace: Workspace, from states: [WorkspaceState]) throws -> Bool
    /// Sets the state of the workspaces whose state is still one of `states`, and returns their ids.
    func move(_ workspaces: [WorkspaceID], from states: [WorkspaceState], to state: WorkspaceState) throws
        -> Set<WorkspaceID>
    /// Claims one ready workspace in one statement: a current one before others, then one whose check is fresh, then the
    /// oldest. A workspace that the last list lacks or reports as broken comes last. Returns nil if no workspace is ready.
    func claim(_ claim: ClaimRequest) throws -> Workspace?

    /// Sets the idempotency key of a workspace that was not claimed by ``claim(_:)``; nil deletes it.
    func remember(claimKey: ClaimKey?, of workspace: WorkspaceID) throws

    func insert(_ operations: [Operation]) throws
    func update(_ operation: OperationRecord) throws
    /// Moves the pending deletes of the scope before creates, since they make room.
    func raiseDeletes(of scope: Suspension.Scope, provisioners: [String]) throws
    /// Changes the priority of the pending creates that fill the pool of a preset.
    func setPriority(_ priority: Int, of preset: PresetKey) throws
    /// Cancels the pending operations of these workspaces.
    func cancelOperations(of workspaces: [WorkspaceID], now: Timestamp) throws
    /// Adds the log of an attempt, and deletes logs of middle attempts as ``LogRecord`` says.
    func append(_ log: LogRecord) throws
    func append(_ events: [Event]) throws
    func save(_ record: SinkRecord, ofSink name: String) throws

    // MARK: Access

    /// Inserts a token. Returns false if there is one with this id or name.
    func insert(_ token: AccessTokenRecord) throws -> Bool
    /// Deletes a token. Returns false if there was none.
    func forgetAccessToken(_ id: String) throws -> Bool
    func noteUse(ofAccessToken id: String, at now: Timestamp) throws
    func append(_ entry: AuditEntry) throws
    /// Deletes the entries of the audit log before a time.
    func forgetAudit(before: Timestamp) throws

    func saveParsed(_ files: [(blob: String, bytes: [UInt8])], parserVersion: Int, at now: Timestamp) throws
    /// Deletes history before a time: finished operations with their logs, deleted workspaces, events, revisions, and parse
    /// results that are not used. It does nothing if that was done within the last hour.
    /// - Returns: True if it deleted history.
    @discardableResult
    func forgetHistory(before: Timestamp) throws -> Bool
}

/// The reason why the store cannot be used.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        case unavailable, newerVersion, damaged, busy
        /// The file was removed or replaced while this process uses it, so nothing that it writes is kept.
        case replaced
    }

    package let reason: Reason
    /// One sentence without secrets.
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
