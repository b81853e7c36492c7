internal import PrewarmEngine

/// An error of PostgreSQL or of the connection to it.
struct PostgresError: Error {
    enum Kind: Sendable {
        /// The server refused a statement, with the SQLSTATE
        /// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
        case refused(state: String)
        /// The connection is lost, or was never made.
        case disconnected
        /// The server did not answer in time.
        case late
        /// The connection was lost while a transaction was committed, and the server could not be asked for the result.
        case unknownOutcome
    }

    let kind: Kind
    /// One sentence of the server or of libpq.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        self.message = String(line.prefix(500))
    }

    /// True if the same transaction may succeed on the same or on a new connection.
    var isTransient: Bool {
        switch kind {
        case .disconnected: true
        case .late, .unknownOutcome: false
        case .refused(let state): Self.transient.contains(state) || state.hasPrefix("08")
        }
    }

    /// The states of conflicts, of a server that stops, starts or has no free connection, of a transaction that was idle
    /// for too long, and of a standby.
    private static let transient: Set<String> = [
        "40001", "40P01", "57P01", "57P02", "57P03", "57P05", "53300", "25P03", "25006",
    ]

    /// True if the connection cannot be used again.
    var endsConnection: Bool {
        switch kind {
        case .disconnected, .late, .unknownOutcome: true
        case .refused(let state): state.hasPrefix("57P") || state.hasPrefix("08") || ["25P03", "25006"].contains(state)
        }
    }
}

extension StoreError {
    /// Converts an error of PostgreSQL.
    /// - Parameter display: The address without secrets.
    init(_ error: PostgresError, at display: String) {
        let message = error.message
        switch error.kind {
        case .disconnected:
            self.init(
                .unavailable, "cannot connect to \(display): \(message)",
                hint: "check that PostgreSQL runs, and that the URL and the password are right: `psql \(display)`")
        case .late:
            self.init(
                .busy, "cannot use \(display): \(message)",
                hint: "look at the load and the locks of the database: `SELECT * FROM pg_stat_activity`")
        case .unknownOutcome:
            self.init(
                .unavailable,
                "cannot confirm the last change of \(display): the connection broke during its commit",
                hint: "look at `prewarm status` and `prewarm get claims` before you repeat the command")
        case .refused("55P03"), .refused("57014"):
            self.init(
                .busy, "cannot use \(display): \(message)",
                hint: "look at the locks of the database: `SELECT * FROM pg_stat_activity`")
        case .refused("25006"):
            self.init(
                .unavailable, "cannot write \(display): the server is a read-only standby",
                hint: "list all servers in the URL, with target_session_attrs=read-write")
        case .refused("53100"):
            self.init(
                .unavailable, "cannot write \(display): the disk is full", hint: "free space on the server's disk")
        case .refused("42501"):
            self.init(
                .unavailable, "cannot use \(display): \(message)",
                hint: "give the user its own database: CREATE DATABASE prewarm OWNER …")
        case .refused(let state) where state.hasPrefix("XX"):
            self.init(
                .damaged, "cannot use \(display): \(message)", hint: "look at the log of the server")
        case .refused:
            self.init(.unavailable, "cannot use \(display): \(message)")
        }
    }
}
