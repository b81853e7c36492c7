import Foundation
import GRDBSQLite

/// SQLite with nothing around it.
final class RawSQLite {
    enum Value {
        case none
        case number(Int64)
        case text(String)
        case bytes([UInt8])
    }

    private var handle: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]

    init(path: String, makes: Bool = false) throws {
        let flags = makes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE
        guard sqlite3_open_v2(path, &handle, flags, nil) == SQLITE_OK else { throw BenchmarkFailure() }
        try execute("PRAGMA synchronous = NORMAL")
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(handle)
    }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw BenchmarkFailure(message: String(cString: sqlite3_errmsg(handle)))
        }
    }

    /// Steps through all rows, looks at each value, and says how many rows there were.
    func rows(_ sql: String) throws -> Int {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        var (count, sum) = (0, 0)
        while sqlite3_step(statement) == SQLITE_ROW {
            count += 1
            for column in 0..<sqlite3_column_count(statement) { sum += Int(sqlite3_column_bytes(statement, column)) }
        }
        return sum < 0 ? 0 : count
    }

    func run(_ sql: String, _ values: [Value]) throws {
        try run(prepared(sql), values)
    }

    func repeating(_ sql: String, _ body: (([Value]) throws -> Void) throws -> Void) throws {
        let statement = try prepared(sql)
        try body { try self.run(statement, $0) }
    }

    private func prepared(_ sql: String) throws -> OpaquePointer? {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else {
            throw BenchmarkFailure(message: String(cString: sqlite3_errmsg(handle)))
        }
        statements[sql] = statement
        return statement
    }

    private func run(_ statement: OpaquePointer?, _ values: [Value]) throws {
        // The values live until it has run.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (index, value) in values.enumerated() {
            let index = Int32(index + 1)
            switch value {
            case .none: sqlite3_bind_null(statement, index)
            case .number(let number): sqlite3_bind_int64(statement, index, number)
            case .text(let text): sqlite3_bind_text(statement, index, text, -1, transient)
            case .bytes(let bytes): sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), transient)
            }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: continue
            case SQLITE_DONE:
                sqlite3_reset(statement)
                return
            default: throw BenchmarkFailure(message: String(cString: sqlite3_errmsg(handle)))
            }
        }
    }
}
