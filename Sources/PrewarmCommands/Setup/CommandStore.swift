import PrewarmSQLite
import Synchronization

/// The stores that a command opened. They have to be closed before the process ends. Otherwise SQLite's write-ahead logs
/// stay, and the next process has to read them.
enum CommandStore {
    private static let stores = Mutex<[SQLiteStore]>([])

    static func open(path: String, readsBeside: Bool) throws -> SQLiteStore {
        let store = try SQLiteStore.open(path: path, readsBeside: readsBeside)
        stores.withLock { $0.append(store) }
        return store
    }

    /// Closes all stores. It blocks the thread, so it has to be the last step of a command.
    static func close() {
        let open = stores.withLock { stores in
            defer { stores = [] }
            return stores
        }
        for store in open { store.close() }
    }
}
