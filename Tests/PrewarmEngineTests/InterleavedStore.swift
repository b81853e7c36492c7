import PrewarmEngine
import Synchronization

/// A store that runs an action before the next write, so that a test can change the store after a reconciliation has made
/// its plan.
final class InterleavedStore: Store {
    private let base: any Store
    private let next = Mutex<(@Sendable () async throws -> Void)?>(nil)
    private let count = Mutex(0)
    private let readCount = Mutex(0)

    /// The number of writes so far.
    var writes: Int { count.withLock(\.self) }

    /// The number of reads so far.
    var reads: Int { readCount.withLock(\.self) }

    init(_ base: any Store) { self.base = base }

    /// Runs an action once, before the next write.
    func beforeNextWrite(_ action: @escaping @Sendable () async throws -> Void) { next.withLock { $0 = action } }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Result
    ) async throws -> Result {
        readCount.withLock { $0 += 1 }
        return try await base.read(body)
    }

    func write<Result: Sendable>(
        _ urgency: WriteUrgency, _ body: @escaping @Sendable (any StoreWriter) throws -> Result
    ) async throws -> Result {
        count.withLock { $0 += 1 }
        let action = next.withLock { next in
            defer { next = nil }
            return next
        }
        try await action?()
        return try await base.write(urgency, body)
    }

    func checkWritable() async throws { try await base.checkWritable() }
    func findDamage(isThorough: Bool) async throws -> [String] { try await base.findDamage(isThorough: isThorough) }
    var damage: [String] { base.damage }
}
