import PrewarmPostgres
import Testing

@Suite("Address of a PostgreSQL database")
struct PostgresAddressTests {
    @Test(
        "An address is shown without its password, however it is written",
        arguments: [
            ("postgres://db.example.org/prewarm", "postgres://db.example.org/prewarm"),
            ("postgresql://ada:secret@db:5432/prewarm?sslmode=require", "postgres://db:5432/prewarm"),
            ("postgres://ada:se@cret@db/x", "postgres://db/x"),
            ("postgres://a:secret@one:1,two:2/x", "postgres://one:1,two:2/x"),
            ("postgres://ada:secret@[::1]:5432/x", "postgres://[::1]:5432/x"),
            ("postgres://ada:secret@%2Frun%2Fpostgresql/x", "postgres://%2Frun%2Fpostgresql/x"),
            ("postgres://ada:sec?ret@db/x", "postgres://…"),
            ("postgres://db/x?password=secret@db", "postgres://…"),
            ("postgres://db/x?password=secret", "postgres://db/x"),
            ("postgres://ada:secret", "postgres://…"),
            ("postgres://", "postgres://"),
        ])
    func display(_ url: String, _ shown: String) {
        #expect(PostgresAddress(url)?.display == shown)
    }

    @Test(
        "Only a URL of PostgreSQL is an address", arguments: ["postgres:", "sqlite:x", "postgres", "http://db/x", ""])
    func others(_ text: String) {
        #expect(PostgresAddress(text) == nil)
    }
}
