internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    private static let blobColumns = "blob, parser_version, bytes, saved_at"
    private static let replaceBlob = SQLText.replacing(blobColumns, key: "blob")

    func parsed(blobs: [String], parserVersion: Int) throws -> [String: [UInt8]] {
        let select = try statement("SELECT bytes FROM blobs WHERE blob = ? AND parser_version = ?")
        var parsed: [String: [UInt8]] = [:]
        parsed.reserveCapacity(blobs.count)
        for blob in blobs {
            parsed[blob] = try select.first(blob, parserVersion) { columns in columns.next([UInt8].self) }
        }
        return parsed
    }

    func saveParsed(_ files: [(blob: String, bytes: [UInt8])], parserVersion: Int, at now: Timestamp) throws {
        try insert(
            files.sorted { $0.blob < $1.blob },
            by: "INSERT INTO blobs (\(Self.blobColumns))",
            row: "(?,?,?,?)", rest: Self.replaceBlob
        ) { file, binder in
            try binder.bind(file.blob, parserVersion, file.bytes, now)
        }
    }
}
