import PrewarmEngine
import PrewarmPostgres
import PrewarmSQLite
import Synchronization

/// The stores that a command opened. They have to be closed before the process ends. Otherwise SQLite's write-ahead logs
/// stay, and the next process has to read them.
enum CommandStore {
    private static let closers = Mutex<[@Sendable () -> Void]>([])

    /// - Parameter updatesTables: If false, tables of a database are neither created nor updated.
    static func open(_ choice: StoreChoice, readsBeside: Bool, updatesTables: Bool = true) throws -> any Store {
        switch choice {
        case .file(let path):
            let store = try SQLiteStore.open(path: path, readsBeside: readsBeside)
            closers.withLock { $0.append { store.close() } }
            return store
        case .postgres(let address, _):
            let store = try PostgresStore.open(address, readsBeside: readsBeside, updatesTables: updatesTables)
            closers.withLock { $0.append { store.close() } }
            return store
        }
    }

    /// Closes all stores. It blocks the thread, so it has to be the last step of a command.
    static func close() {
        let open = closers.withLock { closers in
            defer { closers = [] }
            return closers
        }
        for close in open { close() }
    }
}
