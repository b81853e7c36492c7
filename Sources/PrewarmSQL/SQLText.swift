/// Texts of statements that every database of a store accepts.
enum SQLText {
    /// Returns a statement that inserts a row, or replaces the row with the same key.
    /// - Parameters:
    ///   - columns: All columns of the table, separated by commas.
    ///   - key: The column of the primary key.
    static func save(into table: String, _ columns: String, key: String) -> String {
        let names = names(in: columns)
        let values = names.map { _ in "?" }.joined(separator: ",")
        return "INSERT INTO \(table) (\(columns)) VALUES (\(values)) \(replacing(columns, key: key))"
    }

    /// Returns the end of an insert that replaces rows with the same key.
    static func replacing(_ columns: String, key: String) -> String {
        let changes = names(in: columns).filter { $0 != key }.map { "\($0) = excluded.\($0)" }
        return "ON CONFLICT (\(key)) DO UPDATE SET \(changes.joined(separator: ", "))"
    }

    private static func names(in columns: String) -> [Substring] {
        columns.split { $0 == "," || $0.isWhitespace }
    }
}
