import PrewarmEngine
import Synchronization

/// A store whose process dies at a chosen write, before or after its commit.
struct MortalStore: Store {
    struct Death: Error {}

    let store: any Store
    let life: Life

    final class Life: Sendable {
        private let state: Mutex<(left: Int, diesAfterCommit: Bool)>

        /// - Parameter writes: The number of the last write.
        init(writes: Int = .max, diesAfterCommit: Bool = false) {
            state = Mutex((writes, diesAfterCommit))
        }

        /// Sets the number of writes from now to the last one.
        func end(after writes: Int, diesAfterCommit: Bool) { state.withLock { $0 = (writes, diesAfterCommit) } }

        var isOver: Bool { state.withLock { $0.left <= 0 } }
        var diesAfterCommit: Bool { state.withLock { $0.diesAfterCommit } }

        /// Counts a write. Returns true if it is the last one.
        func spend() -> Bool {
            state.withLock { state in
                state.left -= 1
                return state.left == 0
            }
        }
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Result) async throws -> Result {
        guard !life.isOver else { throw Death() }
        return try await store.read(body)
    }

    func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        guard !life.isOver else { throw Death() }
        let isLast = life.spend()
        if isLast, !life.diesAfterCommit { throw Death() }
        let result = try await store.write(urgency, body)
        if isLast { throw Death() }
        return result
    }
}

extension MortalStore {
    func checkWritable() async throws { try await store.checkWritable() }
    func findDamage(isThorough: Bool) async throws -> [String] { try await store.findDamage(isThorough: isThorough) }
    var damage: [String] { store.damage }
}
