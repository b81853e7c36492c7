internal import CLibPQ
internal import PrewarmEngine

/// The address of a PostgreSQL database: a URL as libpq reads it
/// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
package struct PostgresAddress: Hashable, Sendable {
    private static let schemes = ["postgres://", "postgresql://"]

    /// The URL, which may contain a password.
    private let url: String

    /// Reads a URL. Nil if the text is not a URL of PostgreSQL.
    package init?(_ url: String) {
        guard Self.schemes.contains(where: url.hasPrefix) else { return nil }
        self.url = url
    }

    /// The URL without user, password and options, for messages. If it is unclear where the password ends, it is only the
    /// scheme.
    package var display: String {
        let rest = url[(url.range(ofFirst: "//"))...]
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let head = parts.first, parts.count < 2 || !parts[1].contains("@") else { return "postgres://…" }
        let place = head.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let hosts = place.prefix { $0 != "/" }
        // `user:password` without a host looks like a host with a port.
        let ports = hosts.split(separator: ",").compactMap { host in
            host.hasSuffix("]") ? nil : host.split(separator: ":").dropFirst().last
        }
        guard ports.allSatisfy({ $0.allSatisfy(\.isNumber) }) else { return "postgres://…" }
        return "postgres://\(place)"
    }

    /// True if the options of the URL contain a password.
    package var hasPasswordOption: Bool {
        url.split(separator: "?").dropFirst().contains { options in
            options.split(separator: "&").contains {
                $0.lowercased().hasPrefix("password=") || $0.lowercased().hasPrefix("sslpassword=")
            }
        }
    }

    /// Returns the connection options of libpq, with the defaults of prewarm.
    /// - Parameter first: The position of the server to try first, of several in the URL. For example, with `first` 1, libpq
    ///   tries the servers `b,c,a` of `a,b,c`. libpq tries another one only after an error, and a server that is switched off
    ///   may not give any.
    /// - Throws: ``StoreError`` if libpq is missing or refuses the URL. Its own message may contain the password, so it is
    ///   not shown.
    func options(first: Int = 0) throws(StoreError) -> [String: String] {
        guard prewarm_pq_is_loaded() == 1 else {
            throw StoreError(
                .unavailable, "cannot use \(display): \(String(cString: prewarm_pq_problem()))",
                hint: "install PostgreSQL's client library. On Debian: apt-get install libpq5")
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = prewarm_pq_parse(url, &message) else {
            if let message { prewarm_pq_free_memory(message) }
            throw StoreError(
                .unavailable, "cannot use \(display): it is not a valid URL of PostgreSQL",
                hint: "use for example `postgres://prewarm@db.example.org/prewarm?sslmode=verify-full`. Write special "
                    + "characters of a password as %XX, or put it into the file of PGPASSFILE")
        }
        defer { prewarm_pq_free_options(parsed) }
        var options = Self.standard
        var next = parsed
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { options[String(cString: keyword)] = String(cString: value) }
            next += 1
        }
        for list in ["host", "hostaddr", "port"] { options[list] = options[list].map { Self.rotated($0, by: first) } }
        return options
    }

    /// The number of servers in the URL. It is at least 1.
    func serverCount() throws(StoreError) -> Int {
        let options = try options()
        return (options["host"] ?? options["hostaddr"] ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .count
    }

    private static func rotated(_ list: String, by count: Int) -> String {
        let parts = list.split(separator: ",", omittingEmptySubsequences: false)
        let start = count % parts.count
        return (parts[start...] + parts[..<start]).joined(separator: ",")
    }

    /// The options that a URL may replace. They find a connection that broke without a word within 15 seconds.
    private static let standard = [
        "fallback_application_name": "prewarm", "client_encoding": "UTF8", "keepalives": "1", "keepalives_idle": "5",
        "keepalives_interval": "5", "keepalives_count": "2", "tcp_user_timeout": "15000",
    ]
}

extension String {
    /// Returns the end of the first occurrence of a text; the end of the string if it does not contain the text.
    fileprivate func range(ofFirst text: String) -> Index {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return endIndex
    }
}
