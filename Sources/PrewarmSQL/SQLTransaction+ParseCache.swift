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

    /// Saves parse results. Their time is that of the database instead of the engine, because it only decides when they are
    /// deleted.
    func saveParsed(_ files: [(blob: String, bytes: [UInt8])], parserVersion: Int) throws {
        try insert(
            files.sorted { $0.blob < $1.blob },
            by: "INSERT INTO blobs (\(Self.blobColumns))",
            row: "(?,?,?, \(connection.currentTime))", rest: Self.replaceBlob
        ) { file, binder in
            try binder.bind(file.blob, parserVersion, file.bytes)
        }
    }
}
