package import PrewarmCore

/// The durable state: what is in force, what exists, what was decided.
///
/// A store offers primitives in transactions; what they are combined to is decided once, in the engine, so that every
/// store behaves alike. Bodies run synchronously and may run again after a conflict: they have no other effects.
package protocol Store: Sendable {
    /// A consistent view; nothing is written, not even a lock that others wait for.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Result) async throws -> Result

    /// One transaction, alone among writers from its first statement on (`BEGIN IMMEDIATE`). Rolled back where `body`
    /// throws.
    func write<Result: Sendable>(_ body: @escaping @Sendable (any StoreWriter) throws -> Result) async throws -> Result

    /// Writes to the disk and throws if that fails: a transaction that changes nothing needs no room.
    func checkWritable() async throws

    /// Looks for damage in the store's files. Reads all of them, beside what else is done.
    /// - Parameter isThorough: compares indexes with their tables, too, which takes several times as long.
    /// - Returns: at most ten findings; none if the files are sound.
    @discardableResult
    func findDamage(isThorough: Bool) async throws -> [String]

    /// What the last search for damage found.
    var damage: [String] { get }
}

package protocol StoreReader: StandingReader {
    func identity() throws -> StoreIdentity

    func source(_ name: String) throws -> SourceRecord?
    /// In the order of their names.
    func sources() throws -> [SourceRecord]
    func lease(ofSource name: String) throws -> Lease?

    /// What is in force, pruned ones that still have instances included, in the order of their names. Nil: of all
    /// sources.
    func presets(source: String?) throws -> [Preset]
    /// By `name`, or `source/name` where several sources have one of that name.
    func presets(named name: String) throws -> [Preset]
    func templates(source: String?) throws -> [Template]
    func diagnostics(source: String) throws -> [Diagnostic]
    /// A warning for each value of the source that is kept and can't be read, but for presets.
    func unreadable(source: String) throws -> [Diagnostic]
    /// The newest first.
    func revisions(source: String, limit: Int) throws -> [RevisionRecord]

    /// How many workspaces of each preset there are by fingerprint and state, deleted ones left out: one pass over an
    /// index.
    func tallies(source: String?) throws -> [Tally]
    func tallies(of preset: PresetKey) throws -> [Tally]
    /// The unclaimed, live workspaces of these presets.
    func instances(of presets: [PresetKey]) throws -> [Instance]
    func failures(source: String?) throws -> [FailureRecord]
    /// The conditions of each preset as the last turn left them.
    func conditions(source: String) throws -> [PresetKey: [Condition]]

    /// Those in force and those whose time is over.
    func suspensions() throws -> [Suspension]
    /// An empty one where there is none.
    func guardRecord(ofSource name: String) throws -> GuardRecord
    /// In force or over.
    func pins() throws -> [Pin]
    /// In the order of provisioners and ids.
    func orphans() throws -> [Orphan]
    /// When the provisioner last listed its workspaces; nil: never.
    func listedAt(provisioner: String) throws -> Timestamp?
    /// Of the provisioners whose last list could not be had.
    func listFailures() throws -> [ListFailure]
    /// What was learned from the provisioner's last list; nil where it was never asked for.
    func listing(provisioner: String) throws -> Listing?
    /// In the order of their ids.
    func suspects(provisioner: String) throws -> [Suspect]

    /// By id or name.
    func workspace(_ idOrName: String) throws -> Workspace?
    func workspace(claimedWith key: ClaimKey) throws -> Workspace?
    /// Whether any is there that is not deleted.
    func hasWorkspaces() throws -> Bool
    /// In the order of their ids, which is that of their creation.
    func workspaces(_ filter: WorkspaceFilter) throws -> [Workspace]

    func operation(_ id: OperationID) throws -> OperationRecord?
    /// The newest first.
    func operations(_ filter: OperationFilter) throws -> [OperationRecord]
    /// Pending ones whose time has come, but for those that a suspension stops: what is asked for one workspace goes on,
    /// and so does the deletion of what its owner released. Creates of a preset that backs off or is stalled are left out
    /// until its next try is due, and while one runs. Operations of one workspace never run side by side, and a delete comes
    /// after all others; ids say nothing about that, for two processes make them. In all they come by class, then by round,
    /// then the oldest first (``QueuePlace``).
    func dueOperations(_ filter: DueFilter, now: Timestamp, limit: Int) throws -> [OperationRecord]
    /// The most urgent class of which operations of a provisioner are pending, due or not, of those behind `after`.
    func nextLaneClass(of provisioner: String, after: LaneClass?) throws -> LaneClass?
    /// When the next operation that is pending becomes due, of those that become so after `time`.
    func nextAttempt(after time: Timestamp) throws -> Timestamp?
    /// The text that the provisioner wrote, by attempt.
    func log(of operation: OperationID) throws -> [LogRecord]
    /// The oldest first.
    func events(_ filter: EventFilter) throws -> [Event]
    /// Those behind a sequence number, in the order in which they were committed: what came later has a larger number,
    /// and none is given twice, even once events were forgotten.
    func events(after sequence: Int64, limit: Int) throws -> [SequencedEvent]
    /// Of the newest event; 0 where there never was one.
    func newestEvent() throws -> Int64
    /// Where a sink of notifications is; nil: it never was.
    func sink(_ name: String) throws -> SinkRecord?
    /// Of operations that are pending or running; one pass over an index.
    func unfinishedOperations(now: Timestamp) throws -> OperationTallies

    // MARK: Access

    /// In the order of their names.
    func accessTokens() throws -> [AccessTokenRecord]
    func accessToken(_ id: String) throws -> AccessTokenRecord?
    func hasAccessTokens() throws -> Bool
    /// The newest first; `before`: only what came before this sequence.
    func audit(before: Int64?, limit: Int) throws -> [AuditRecord]

    /// The parse results that are kept for these blobs.
    func parsed(blobs: [String], parserVersion: Int) throws -> [String: [UInt8]]
}

package protocol StoreWriter: StoreReader, StandingWriter {
    /// Counts this commit as one that a restored copy would not know, so that it writes to the disk.
    func noteProgress() throws
    /// Sets the hold of the store, in place of an earlier one. All pools are planned for again.
    func setHold(_ hold: StoreHold) throws
    /// Ends the hold, if there is one. All pools are planned for again.
    /// - Parameter newest: the newest workspace of this store that a provisioner lists.
    func endHold(newest: WorkspaceID?) throws

    func save(_ source: SourceRecord) throws
    func forget(source name: String) throws
    /// The source's desired state or its pools changed: the next turn plans.
    func markDirty(source name: String) throws
    func save(_ lease: Lease, ofSource name: String) throws

    func save(_ presets: [Preset]) throws
    func forget(_ presets: [PresetKey]) throws
    func replaceTemplates(_ templates: [Template], source: String) throws
    func replaceDiagnostics(_ diagnostics: [Diagnostic], source: String) throws
    func insert(_ revision: RevisionRecord) throws
    /// In place of the newest one of its source.
    func updateNewest(_ revision: RevisionRecord) throws
    func save(_ conditions: [PresetKey: [Condition]]) throws
    /// In place of one of the same scope.
    func save(_ suspension: Suspension) throws
    func forget(_ scope: Suspension.Scope) throws
    func save(_ record: GuardRecord, ofSource name: String) throws
    /// In place of an earlier one of the source.
    func save(_ pin: Pin) throws
    func forgetPin(ofSource name: String) throws
    /// Replaces the orphans of an earlier list of the provisioner.
    func replaceOrphans(_ orphans: [Orphan], provisioner: String, listedAt: Timestamp) throws
    /// Replaces what an earlier list of the provisioner said.
    func save(_ listing: Listing) throws
    /// Notes that the provisioner was asked, without an answer.
    func setListed(provisioner: String, at: Timestamp) throws
    /// Of a provisioner that was asked before; nil: it can be listed again.
    func setListFailure(_ failure: ListFailure?, provisioner: String) throws
    func replaceSuspects(_ suspects: [Suspect], provisioner: String) throws
    /// Nil: the failures are over.
    func setFailure(_ failure: FailureRecord?, of preset: PresetKey) throws

    func insert(_ workspaces: [Workspace]) throws
    /// Inserts workspaces in place of deleted ones that had their ids.
    func replaceDeleted(by workspaces: [Workspace]) throws
    /// Inserts workspaces that are to be made, with the operations that make them.
    func create(_ groups: [NewWorkspaces]) throws
    /// Saves all but id, preset, spec and times of creation, if the state is still one of `states`; else false.
    func update(_ workspace: Workspace, from states: [WorkspaceState]) throws -> Bool
    /// Sets the state of the ones that still have one of `states`, and returns which.
    func move(_ workspaces: [WorkspaceID], from states: [WorkspaceState], to state: WorkspaceState) throws
        -> Set<WorkspaceID>
    /// Hands out one ready workspace: of the current fingerprint first, then the oldest; one statement decides.
    func claim(_ claim: ClaimRequest) throws -> Workspace?

    /// Nil forgets it. Of a workspace that was not claimed by ``claim(_:)``.
    func remember(claimKey: ClaimKey?, of workspace: WorkspaceID) throws

    func insert(_ operations: [Operation]) throws
    func update(_ operation: OperationRecord) throws
    /// Puts the pending deletions of these presets before creates: they make room.
    func raiseDeletes(of scope: Suspension.Scope, provisioners: [String]) throws
    /// Changes the priority of the pending creates that fill the pool of a preset.
    func setPriority(_ priority: Int, of preset: PresetKey) throws
    /// Cancels the pending operations of these workspaces.
    func cancelOperations(of workspaces: [WorkspaceID], now: Timestamp) throws
    /// Forgets attempts in the middle, as ``LogRecord`` says.
    func append(_ log: LogRecord) throws
    func append(_ events: [Event]) throws
    func save(_ record: SinkRecord, ofSink name: String) throws

    // MARK: Access

    /// False where there is one of this id or name already.
    func insert(_ token: AccessTokenRecord) throws -> Bool
    /// False where there was none.
    func forgetAccessToken(_ id: String) throws -> Bool
    func noteUse(ofAccessToken id: String, at now: Timestamp) throws
    func append(_ entry: AuditEntry) throws
    func forgetAudit(before: Timestamp) throws

    func saveParsed(_ files: [(blob: String, bytes: [UInt8])], parserVersion: Int) throws
    /// Forgets what is only history and older than this: finished operations with their logs, deleted workspaces,
    /// events, revisions, parse results of no use. Does nothing where that was done within the hour.
    /// - Returns: whether it did.
    @discardableResult
    func forgetHistory(before: Timestamp) throws -> Bool
}

/// Why the store can't be used.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable {
        case unavailable, newerVersion, damaged, busy
        /// The file was removed or replaced under this process: nothing that it writes is kept.
        case replaced
    }

    package let reason: Reason
    package let message: String
    package let hint: String?

    package init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }

    package var description: String { message }
}
