internal import PrewarmCore
internal import PrewarmEngine

/// Records of the deletion guard and pins.
extension SQLTransaction {
    private static let saveGuard = SQLText.save(into: "guards", "source, value", key: "source")
    private static let savePin = SQLText.save(
        into: "pins", "source, revision, reason, by, since, until", key: "source")

    func guardRecord(ofSource name: String) throws -> GuardRecord {
        let bytes = try statement("SELECT value FROM guards WHERE source = ?").first(name) { columns in
            columns.next([UInt8].self)
        }
        // An unreadable record does not stop a reconciliation: ``unreadable(source:)`` reports it, and the next
        // reconciliation writes it again.
        return bytes.map { GuardRecord(stored: $0) } ?? GuardRecord()
    }

    func save(_ record: GuardRecord, ofSource name: String) throws {
        try statement(Self.saveGuard).run(name, record.binary)
    }

    func pins() throws -> [Pin] {
        try statement("SELECT source, revision, reason, by, since, until FROM pins ORDER BY source").all { columns in
            Pin(
                source: columns.next(), commit: columns.next(), reason: columns.next(), by: columns.next(),
                since: columns.next(), until: columns.next())
        }
    }

    func save(_ pin: Pin) throws {
        try statement(Self.savePin)
            .run(pin.source, pin.commit, pin.reason, pin.by, pin.since, pin.until)
    }

    func forgetPin(ofSource name: String) throws {
        try statement("DELETE FROM pins WHERE source = ?").run(name)
    }
}
