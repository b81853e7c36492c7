internal import PrewarmCore
internal import PrewarmEngine

/// Events, parse results, and the deletion of old history.
extension MemoryTransaction {
    func events(_ filter: EventFilter) -> [Event] {
        let found = state.events.map(\.event).filter { event in
            filter.preset.map { $0.source == event.source && $0.name == event.preset } ?? true
        }
        return Array(found.suffix(filter.limit ?? .max))
    }

    func events(after sequence: Int64, limit: Int) -> [SequencedEvent] {
        Array(state.events.filter { $0.sequence > sequence }.prefix(limit))
    }

    func newestEvent() -> Int64 { state.lastEvent }

    func append(_ events: [Event]) {
        for event in events {
            state.lastEvent += 1
            state.events.append(SequencedEvent(sequence: state.lastEvent, event: event))
        }
    }

    func sink(_ name: String) -> SinkRecord? { state.sinks[name] }
    func save(_ record: SinkRecord, ofSink name: String) { state.sinks[name] = record }

    // MARK: Parse results

    /// The largest size of the kept parse results in bytes.
    private static let parsedLimit = 128 << 20

    func parsed(blobs: [String], parserVersion: Int) -> [String: [UInt8]] {
        state.parsed.filter { blobs.contains($0.key) && $0.value.parserVersion == parserVersion }.mapValues(\.bytes)
    }

    func saveParsed(_ files: [(blob: String, bytes: [UInt8])], parserVersion: Int, at now: Timestamp) {
        for file in files {
            state.parsed[file.blob] = MemoryState.ParseResult(
                parserVersion: parserVersion, bytes: file.bytes, savedAt: now)
        }
    }

    private func forgetParsed(before: Timestamp) {
        let newest = state.parsed.values.map(\.parserVersion).max()
        state.parsed = state.parsed.filter { $0.value.savedAt >= before && $0.value.parserVersion == newest }
        var size = 0
        let bySize = state.parsed.sorted { $0.value.savedAt > $1.value.savedAt }.first { _, result in
            size += result.bytes.count
            return size > Self.parsedLimit
        }
        guard let tooOld = bySize?.value.savedAt else { return }
        state.parsed = state.parsed.filter { $0.value.savedAt > tooOld }
    }

    // MARK: Old history

    func forgetHistory(before: Timestamp) -> Bool {
        if let last = state.forgottenBefore, last <= before, before < last + .seconds(3600) { return false }
        state.forgottenBefore = before
        forgetOperations(before: before)
        forgetWorkspaces(before: before)
        forgetEvents(before: before)
        let newest = Dictionary(grouping: state.revisions.indices) { state.revisions[$0].source }.values.compactMap(
            \.last)
        let kept = state.revisions.indices.filter { newest.contains($0) || state.revisions[$0].appliedAt >= before }
        state.revisions = kept.map { state.revisions[$0] }
        forgetParsed(before: before)
        return true
    }

    private func forgetOperations(before: Timestamp) {
        let old = operations { record in record.operation.finishedAt.map { $0 < before } ?? false }
        for id in old.map(\.operation.id) {
            state.operations[id] = nil
            state.logs[id] = nil
        }
    }

    /// Deletes the rows of deleted workspaces. A row is kept as long as one of its operations.
    private func forgetWorkspaces(before: Timestamp) {
        let withOperations = Set(state.operations.values.map(\.operation.workspace))
        state.workspaces = state.workspaces.filter { id, row in
            row.workspace.state != .deleted || row.workspace.createdAt >= before || withOperations.contains(id)
        }
    }

    /// Deletes events up to the first one that is kept, in the order of their numbers. Events of a clock that was ahead do
    /// not count. The newest event stays.
    private func forgetEvents(before: Timestamp) {
        let kept = before..<(before + .seconds(30 * 86_400))
        let first = state.events.firstIndex { kept.contains($0.event.at) } ?? state.events.indices.last
        state.events.removeFirst(first ?? 0)
    }
}
