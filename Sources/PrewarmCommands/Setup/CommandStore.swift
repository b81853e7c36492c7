import PrewarmSQLite
import Synchronization

/// The stores that a command opened, to be closed before its process ends: else their logs stay, and the next process
/// has to read through them.
enum CommandStore {
    private static let stores = Mutex<[SQLiteStore]>([])

    static func open(path: String, readsBeside: Bool) throws -> SQLiteStore {
        let store = try SQLiteStore.open(path: path, readsBeside: readsBeside)
        stores.withLock { $0.append(store) }
        return store
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
