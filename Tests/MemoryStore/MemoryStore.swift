package import PrewarmEngine
internal import Synchronization

/// The state that several ``MemoryStore`` objects share, like the file that several processes have open.
package final class MemoryDatabase: Sendable {
    /// Held by the one write that runs.
    private let writing = Mutex(())
    /// The state after the last write. It is held only for a copy, so no read waits for a write.
    private let committed: Mutex<MemoryState>

    package convenience init() {
        let id = (0..<2).map { _ in UInt64.random(in: .min ... .max) }
        self.init(MemoryState(identity: id.map { String($0, radix: 16).leftPadded(to: 16) }.joined()))
    }

    private init(_ state: MemoryState) { committed = Mutex(state) }

    /// Returns an independent copy, like a copy of a file.
    package func copy() -> MemoryDatabase { MemoryDatabase(snapshot) }

    /// A copy of the state, which later writes do not change.
    fileprivate var snapshot: MemoryState { committed.withLock { $0 } }

    /// Runs a body on a copy of the state, which replaces the state if the body does not throw.
    fileprivate func write<Result: Sendable>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try writing.withLock { _ in
            let transaction = MemoryTransaction(snapshot)
            let result = try body(transaction)
            transaction.noteCommit()
            let state = transaction.state
            committed.withLock { $0 = state }
            return result
        }
    }
}

/// The reference of all stores: what ``Store`` promises, in plain values.
///
/// It shows a reader the meaning of each method without tables, indexes and triggers: a query is a filter over all values
/// of its kind. So a read costs as much as there are values, and nothing is kept after the process ends. Bodies run on the
/// task of the caller, since they wait for nothing.
package final class MemoryStore: Store {
    private let database: MemoryDatabase

    /// - Parameter database: The state, which other stores may share (default: an empty one).
    package init(_ database: MemoryDatabase = MemoryDatabase()) {
        self.database = database
    }

    package func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Result
    ) async throws -> Result {
        try body(MemoryTransaction(database.snapshot))
    }

    /// Writes run one after the other, and each is short, so their urgency does not matter.
    package func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        try database.write(body)
    }

    package func checkWritable() async throws {}
    package func findDamage(isThorough: Bool) async throws -> [String] { [] }
    package var damage: [String] { [] }
}

extension String {
    fileprivate func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(count - self.count, 0)) + self
    }
}
