import PrewarmSQLite
import Synchronization

/// The stores that a command opened, to be closed before its process ends: else their logs stay, and the next process
/// has to read through them.
enum CommandStore {
    private static let stores = Mutex<[SQLiteStore]>([])

    static func opened(_ store: SQLiteStore) {
        stores.withLock { $0.append(store) }
    }

    /// Blocks until they are closed: nothing else is left to do by then.
    static func close() {
        let open = stores.withLock { stores in
            defer { stores = [] }
            return stores
        }
        for store in open { store.close() }
    }
}
