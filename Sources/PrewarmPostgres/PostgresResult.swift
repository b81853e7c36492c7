internal import CLibPQ

/// The result of a statement. Values are in PostgreSQL's binary format.
final class PostgresResult {
    private let handle: OpaquePointer
    let rows: Int32

    init(_ handle: OpaquePointer) {
        self.handle = handle
        rows = prewarm_pq_result_rows(handle)
    }

    deinit { prewarm_pq_clear(handle) }

    /// The error of the statement; nil if it succeeded.
    var failure: PostgresError? {
        let status = prewarm_pq_result_status(handle)
        guard ![PREWARM_PQ_COMMAND_OK, PREWARM_PQ_TUPLES_OK].contains(where: { Int32($0) == status }) else {
            return nil
        }
        let message = field(PREWARM_PQ_DIAG_MESSAGE_PRIMARY) ?? "the server closed the connection"
        guard let state = field(PREWARM_PQ_DIAG_SQLSTATE) else {
            return PostgresError(.disconnected, message)
        }
        return PostgresError(.refused(state: state), message)
    }

    private func field(_ field: Int) -> String? {
        prewarm_pq_result_field(handle, Int32(field)).map { String(cString: $0) }
    }

    /// The command that ended, for example `COMMIT`.
    var tag: String { prewarm_pq_result_tag(handle).map { String(cString: $0) } ?? "" }

    /// The number of rows that the statement has changed or read.
    var changedRows: Int { prewarm_pq_result_changes(handle).flatMap { Int(String(cString: $0)) } ?? 0 }

    func isNull(_ row: Int32, _ column: Int32) -> Bool { prewarm_pq_result_is_null(handle, row, column) == 1 }

    func bytes(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: prewarm_pq_result_value(handle, row, column),
            count: Int(prewarm_pq_result_length(handle, row, column)))
    }

    /// Reads a boolean or an integer of any size, which is big-endian.
    func integer(_ row: Int32, _ column: Int32) -> Int64 {
        let bytes = bytes(row, column)
        assert([0, 1, 2, 4, 8].contains(bytes.count), "a statement returns a number that is no integer")
        var value: Int64 = bytes.first.map { $0 & 0x80 != 0 ? -1 : 0 } ?? 0
        for byte in bytes { value = value << 8 | Int64(byte) }
        return value
    }

    func text(_ row: Int32, _ column: Int32) -> String {
        String(decoding: bytes(row, column), as: UTF8.self)
    }
}
