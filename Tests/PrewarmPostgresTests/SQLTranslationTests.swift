import Testing

@testable import PrewarmPostgres

@Suite("Translation of statements for PostgreSQL")
struct SQLTranslationTests {
    @Test(
        "A statement of SQLite becomes one of PostgreSQL",
        arguments: [
            ("SELECT a FROM t WHERE b = ? AND c = ?", "SELECT a FROM t WHERE b = $1 AND c = $2"),
            ("UPDATE t SET a = ?2 WHERE b = ?1 OR b > ?1", "UPDATE t SET a = $2 WHERE b = $1 OR b > $1"),
            ("SELECT '?', \"only\", 'it''s ?' FROM t", "SELECT '?', \"only\", 'it''s ?' FROM t"),
            ("SELECT a FROM t INDEXED BY t_live WHERE b", "SELECT a FROM t  WHERE b"),
            ("FROM t CROSS JOIN u ON a = b", "FROM t  JOIN u ON a = b"),
            ("INSERT OR FAIL INTO t VALUES (?,?)", "INSERT INTO t VALUES ($1,$2)"),
            (
                "WHERE a IS NOT ? AND b IS ? AND c IS NOT NULL",
                "WHERE a IS DISTINCT FROM $1 AND b IS NOT DISTINCT FROM $2 AND c IS NOT NULL"
            ),
            ("SELECT max(a, min(b, 0)), max(c), min(d)", "SELECT greatest(a, least(b, 0)), max(c), min(d)"),
            ("WHERE +a = ? AND b + 1 > 2", "WHERE a = $1 AND b + 1 > 2"),
            ("substr(a, 1, instr(a, '/') - 1)", "substr(a, 1, strpos(a, '/') - 1)"),
            ("SELECT min(coalesce(a, ','), b), 'unclosed", "SELECT least(coalesce(a, ','), b), 'unclosed"),
            ("SELECT min(round) FROM t WHERE x IN (?)", "SELECT min(round) FROM t WHERE x IN ($1)"),
        ])
    func translation(_ sqlite: String, _ postgres: String) {
        #expect(String(decoding: SQLTranslation.translated(sqlite).dropLast(), as: UTF8.self) == postgres)
        #expect(SQLTranslation.translated(sqlite).last == 0)
    }
}
