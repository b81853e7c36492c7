import PostgresSupport
import PrewarmEngine
import PrewarmPostgres
import Testing

@Suite(
    "Connections to PostgreSQL with TLS", .serialized,
    .enabled(if: PostgresServer.isWanted, "PostgreSQL is not installed"))
struct PostgresTLSTests {
    /// Opens a new store by the address for TLS.
    /// - Parameters:
    ///   - login: The part of the URL before the host.
    ///   - options: The options of the URL. `FOLDER` stands for the folder with the certificates.
    private func open(_ login: String, _ options: String) async throws -> PostgresStore {
        let schema = try #require(try await PostgresServer.shared.store().split(separator: "D").last)
        let (folder, host) = try await PostgresServer.shared.tls
        let text = "postgres://\(login)@\(host)/prewarm?\(options)&options=-csearch_path%3D\(schema)"
        let address = try #require(PostgresAddress(text.replacing("FOLDER", with: folder)))
        return try PostgresStore.open(address, readsBeside: false)
    }

    @Test(
        "A server is verified with the authority of the URL, and the user logs in by a password or a certificate",
        arguments: [
            ("ada:correct-horse", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt"),
            ("eve", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt&sslcert=FOLDER/client.crt&sslkey=FOLDER/client.key"),
        ])
    func accepted(login: String, options: String) async throws {
        let store = try await open(login, options)
        try await store.checkWritable()
        store.close()
    }

    @Test(
        "Another authority, a wrong password, a missing certificate and a connection without TLS are refused",
        arguments: [
            ("ada:correct-horse", "sslmode=verify-full&sslrootcert=FOLDER/client.crt", "certificate"),
            ("ada:wrong-horse", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt", "authentication failed"),
            ("eve", "sslmode=verify-full&sslrootcert=FOLDER/ca.crt&sslcert=/nowhere", "certificate"),
            ("ada:correct-horse", "sslmode=disable", "no encryption"),
        ])
    func refused(login: String, options: String, cause: String) async throws {
        let error = await #expect(throws: StoreError.self) { try await open(login, options) }
        #expect(error?.message.contains(cause) == true, "\(error?.message ?? "")")
        #expect(error.map { "\($0.message) \($0.hint ?? "")".contains("-horse") } == false)
    }
}
