internal import CLibPQ
internal import Glibc
internal import PrewarmEngine

/// One connection of libpq. All calls are made on one thread. The socket is non-blocking, and each wait for it has a deadline.
/// Only the lookup of a name takes as long as the system's resolver allows.
final class PostgresLink {
    private let handle: OpaquePointer
    let address: PostgresAddress

    /// Connects to the server. libpq tries the hosts of the URL one after the other.
    /// - Parameter first: The position of the host to try first.
    init(_ address: PostgresAddress, first: Int, by deadline: ContinuousClock.Instant) throws {
        self.address = address
        let options = try address.options(first: first)
        handle = try Self.start(options)
        let deadline = min(deadline, .now + (Self.timeout(options) ?? .seconds(3600)))
        // The stored properties are set, so `deinit` frees the handle if the connection fails.
        try connect(by: deadline)
        guard prewarm_pq_prepare(handle) == 0 else { throw failure(.disconnected) }
        try checkServer()
    }

    deinit { prewarm_pq_finish(handle) }

    /// The time limit of the URL; nil if it has none. libpq leaves it to its callers
    /// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PQCONNECTSTARTPARAMS).
    private static func timeout(_ options: [String: String]) -> Duration? {
        options["connect_timeout"].flatMap { Int($0) }.flatMap { $0 > 0 ? .seconds(max(2, $0)) : nil }
    }

    private static func start(_ options: [String: String]) throws -> OpaquePointer {
        let keywords = options.keys.map { strdup($0) }
        let values = options.values.map { strdup($0) }
        defer { for text in keywords + values { free(text) } }
        let names = keywords.map { UnsafePointer($0) } + [nil]
        let texts = values.map { UnsafePointer($0) } + [nil]
        guard let handle = prewarm_pq_connect_start(names, texts) else {
            throw PostgresError(.disconnected, "libpq has no memory")
        }
        return handle
    }

    private func connect(by deadline: ContinuousClock.Instant) throws {
        guard prewarm_pq_status(handle) != Int32(PREWARM_PQ_CONNECTION_BAD) else {
            throw failure(.disconnected)
        }
        // A new connection first waits until it can write (https://www.postgresql.org/docs/current/libpq-connect.html).
        var events = Int16(POLLOUT)
        while true {
            do {
                try wait(for: events, by: deadline, late: "the server does not answer")
            } catch let error as PostgresError {
                // Another server of the URL, or the same one later, may answer.
                throw PostgresError(.disconnected, error.message)
            }
            switch Int(prewarm_pq_connect_poll(handle)) {
            case PREWARM_PQ_POLLING_OK: return
            case PREWARM_PQ_POLLING_READING: events = Int16(POLLIN)
            case PREWARM_PQ_POLLING_WRITING: events = Int16(POLLOUT)
            default: throw failure(.disconnected)
            }
        }
    }

    /// Checks that the server is PostgreSQL 13 or newer, which prewarm is tested with, and that it keeps texts as UTF-8.
    private func checkServer() throws {
        let version = prewarm_pq_server_version(handle)
        guard version >= 130_000 else {
            throw StoreError(
                .unavailable, "cannot use \(address.display): it is PostgreSQL \(version / 10_000)",
                hint: "use PostgreSQL 13 or newer")
        }
        let encoding = prewarm_pq_parameter(handle, "server_encoding").map { String(cString: $0) }
        guard encoding == "UTF8" else {
            throw StoreError(
                .unavailable, "cannot use \(address.display): the encoding of the database is \(encoding ?? "unknown")",
                hint: "create the database with ENCODING 'UTF8' TEMPLATE template0")
        }
    }

    /// The version of the server, for example `15.18`.
    var serverVersion: String {
        let text = prewarm_pq_parameter(handle, "server_version").map { String(cString: $0) } ?? ""
        return String(text.prefix { $0 != " " })
    }

    /// True if this connection is not one to the server itself, but to a pooler such as PgBouncer. Notifications do not arrive
    /// there.
    func isPooled(by deadline: ContinuousClock.Instant) throws -> Bool {
        let backend = try run("SELECT pg_backend_pid()::text", by: deadline).text(0, 0)
        return Int32(backend) != prewarm_pq_backend(handle)
    }

    /// Waits for notifications and returns their payloads. It is empty if none arrives in time.
    func notifications(by deadline: ContinuousClock.Instant) throws -> [String] {
        do {
            try wait(for: Int16(POLLIN), by: deadline, late: Self.lateAnswer)
        } catch let error as PostgresError {
            if case .late = error.kind { return [] }
            throw error
        }
        guard prewarm_pq_consume(handle) == 1 else { throw failure(.disconnected) }
        var payloads: [String] = []
        while let notification = prewarm_pq_notified(handle) {
            payloads.append(notification.pointee.payload.map { String(cString: $0) } ?? "")
            prewarm_pq_free_memory(notification)
        }
        return payloads
    }

    /// True in a transaction that has not failed.
    var isInTransaction: Bool {
        prewarm_pq_transaction_status(handle) == Int32(PREWARM_PQ_IN_TRANSACTION)
    }

    /// Runs one or more statements without values.
    /// - Returns: The result of the last statement.
    @discardableResult
    func run(_ sql: String, by deadline: ContinuousClock.Instant) throws -> PostgresResult {
        guard prewarm_pq_send(handle, sql) == 1 else { throw failure(.disconnected) }
        return try result(by: deadline)
    }

    /// Runs one statement with values.
    /// - Parameter sql: The text in UTF-8, with a zero byte at its end.
    func run(
        _ sql: [UInt8], _ values: PostgresValues, by deadline: ContinuousClock.Instant
    ) throws -> PostgresResult {
        let code = values.withPointers { types, pointers, lengths, formats in
            sql.withUnsafeBytes { text in
                prewarm_pq_send_params(
                    handle, text.assumingMemoryBound(to: CChar.self).baseAddress, Int32(values.count), types, pointers,
                    lengths, formats, 1)
            }
        }
        guard code == 1 else { throw failure(.disconnected) }
        return try result(by: deadline)
    }

    /// Waits for all results of the sent statements. Returns the last one, or throws the first error.
    private func result(by deadline: ContinuousClock.Instant) throws -> PostgresResult {
        try flush(by: deadline)
        var (last, error): (PostgresResult?, PostgresError?) = (nil, nil)
        while let result = try next(by: deadline) {
            if let failure = result.failure {
                error = error ?? failure
            } else {
                last = result
            }
        }
        if let error { throw error }
        guard let last else { throw failure(.disconnected) }
        return last
    }

    private func flush(by deadline: ContinuousClock.Instant) throws {
        while true {
            switch prewarm_pq_flush(handle) {
            case 0: return
            case 1:
                // The server may send its answer first, which has to be read before it goes on reading.
                let ready = try wait(for: Int16(POLLIN | POLLOUT), by: deadline, late: Self.lateAnswer)
                if ready & Int16(POLLIN) != 0, prewarm_pq_consume(handle) == 0 { throw failure(.disconnected) }
            default: throw failure(.disconnected)
            }
        }
    }

    private func next(by deadline: ContinuousClock.Instant) throws -> PostgresResult? {
        while prewarm_pq_is_busy(handle) == 1 {
            try wait(for: Int16(POLLIN), by: deadline, late: Self.lateAnswer)
            guard prewarm_pq_consume(handle) == 1 else { throw failure(.disconnected) }
        }
        return prewarm_pq_result_next(handle).map { PostgresResult($0) }
    }

    private static let lateAnswer = "the database does not answer in time"

    /// Waits until the socket is ready.
    /// - Returns: The events of `poll`.
    @discardableResult
    private func wait(for events: Int16, by deadline: ContinuousClock.Instant, late: String) throws -> Int16 {
        var socket = pollfd(fd: prewarm_pq_socket(handle), events: events, revents: 0)
        guard socket.fd >= 0 else { throw failure(.disconnected) }
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw PostgresError(.late, late) }
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            let count = poll(&socket, 1, Int32(min(milliseconds + 1, 60_000)))
            if count > 0 { return socket.revents }
            if count < 0, errno != EINTR {
                throw PostgresError(.disconnected, String(cString: strerror(errno)))
            }
        }
    }

    private func failure(_ kind: PostgresError.Kind) -> PostgresError {
        PostgresError(kind, String(cString: prewarm_pq_error(handle)))
    }
}
