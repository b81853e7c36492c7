internal import PrewarmCore
internal import PrewarmEngine

/// Sources with their revisions, guards, pins and suspensions.
extension MemoryTransaction {
    func source(_ name: String) -> SourceRecord? { state.sources[name] }
    func sources() -> [SourceRecord] { state.sources.values.sorted(on: \.name) }
    func save(_ source: SourceRecord) { state.sources[source.name] = source }

    func forget(source name: String) {
        let keys = Set(state.pools.keys).union(state.conditions.keys).union(state.failures.keys)
            .union(state.handoverFailures.keys)
        forget(Array(keys.filter { $0.source == name }))
        state.templates[name] = nil
        state.diagnostics[name] = nil
        state.guards[name] = nil
        state.pins[name] = nil
        state.pulls[name] = nil
        state.revisions.removeAll { $0.source == name }
        state.sources[name] = nil
    }

    func markDirty(source name: String) {
        state.sources[name]?.quietUntil = nil
        state.sources[name]?.changes += 1
    }

    func lease(ofSource name: String) -> Lease? { state.leases[name] }
    func save(_ lease: Lease, ofSource name: String) { state.leases[name] = lease }

    // MARK: Diagnostics

    func diagnostics(source: String) -> [Diagnostic] { state.diagnostics[source] ?? [] }

    func replaceDiagnostics(_ diagnostics: [Diagnostic], source: String) {
        state.diagnostics[source] = diagnostics
    }

    /// Values in memory are always readable. Only the record of a guard can say that it was lost before.
    func unreadable(source: String) -> [Diagnostic] {
        state.guards[source] == .lost ? [.unreadableGuard] : []
    }

    // MARK: Revisions

    func revisions(source: String, limit: Int) -> [RevisionRecord] {
        Array(state.revisions.reversed().filter { $0.source == source }.prefix(max(limit, 0)))
    }

    func insert(_ revision: RevisionRecord) { state.revisions.append(revision) }

    func updateNewest(_ revision: RevisionRecord) {
        guard let index = state.revisions.lastIndex(where: { $0.source == revision.source }) else { return }
        state.revisions[index].created = revision.created
        state.revisions[index].deleted = revision.deleted
        state.revisions[index].cancelled = revision.cancelled
        state.revisions[index].convergedAt = revision.convergedAt
    }

    // MARK: Guards, pins and suspensions

    func guardRecord(ofSource name: String) -> GuardRecord { state.guards[name] ?? GuardRecord() }
    func save(_ record: GuardRecord, ofSource name: String) { state.guards[name] = record }

    func pins() -> [Pin] { state.pins.values.sorted(on: \.source) }
    func save(_ pin: Pin) { state.pins[pin.source] = pin }
    func forgetPin(ofSource name: String) { state.pins[name] = nil }

    func suspensions() -> [Suspension] { state.suspensions.values.sorted(on: \.scope.text) }

    func save(_ suspension: Suspension) {
        unsettle(suspension.scope)
        state.suspensions[suspension.scope] = suspension
    }

    func forget(_ scope: Suspension.Scope) {
        unsettle(scope)
        state.suspensions[scope] = nil
    }
}

extension Suspension.Scope {
    /// The text by which suspensions are ordered.
    fileprivate var text: String {
        switch self {
        case .all: "*"
        case .source(let name): name
        case .preset(let key): key.description
        }
    }
}
