internal import PrewarmSQL

/// The values of a statement in PostgreSQL's binary format, one behind the other in one array.
struct PostgresValues {
    private var buffer: [UInt8] = []
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var types: [UInt32] = []

    var count: Int { types.count }

    /// Adds an integer.
    mutating func set(_ value: Int64, at index: Int32) {
        add(.integer, length: 8, at: index)
        withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) }
    }

    /// Adds a text. PostgreSQL does not store the character NUL, so U+FFFD replaces it.
    mutating func set(_ text: String, at index: Int32) {
        add(.text, length: 0, at: index)
        let start = buffer.count
        for byte in text.utf8 {
            if byte == 0 { buffer.append(contentsOf: [0xEF, 0xBF, 0xBD]) } else { buffer.append(byte) }
        }
        lengths[Int(index) - 1] = Int32(clamping: buffer.count - start)
    }

    mutating func set(_ bytes: [UInt8], at index: Int32) {
        add(.bytes, length: Int32(clamping: bytes.count), at: index)
        buffer.append(contentsOf: bytes)
    }

    mutating func setNull(_ kind: SQLKind, at index: Int32) {
        add(kind, length: -1, at: index)
    }

    mutating func removeAll() {
        buffer.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        types.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ kind: SQLKind, length: Int32, at index: Int32) {
        // A statement that runs again binds its values from the first one on.
        if index == 1 { removeAll() }
        offsets.append(buffer.count)
        lengths.append(length)
        types.append(kind.type)
    }

    /// Calls a body with the arrays of `PQsendQueryParams`. The pointer of NULL is nil.
    func withPointers<Result>(
        _ body: (
            UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        // An empty array may have no address, but an empty value needs one.
        let padded = buffer + [0]
        let formats = [Int32](repeating: 1, count: count)
        return padded.withUnsafeBytes { bytes in
            let pointers = zip(offsets, lengths).map { offset, length in
                length < 0 ? nil : bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
            }
            return body(types, pointers, lengths, formats)
        }
    }
}

extension SQLKind {
    /// The number of the type in PostgreSQL's catalog (https://www.postgresql.org/docs/current/datatype-oid.html).
    fileprivate var type: UInt32 {
        switch self {
        case .integer: 20
        case .text: 25
        case .bytes: 17
        }
    }
}
