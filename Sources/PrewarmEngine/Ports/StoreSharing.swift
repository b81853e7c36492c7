package import PrewarmCore

/// A hint that another process changed the store. It has the source if it is about one. Missing a hint costs latency only,
/// since every loop also looks by itself.
package enum StoreHint: Hashable, Sendable {
    /// Workspaces, operations, presets or claims changed; nil: those of several sources, or of none.
    case changed(source: String?)
    /// Someone asked for a pull of the source.
    case pull(source: String)
    /// A replica joined, left, or released the lease on a source.
    case shares
    /// Hints may have been lost, for example while the connection was down.
    case unknown

    /// The text in which a store sends the hint. Names of sources contain neither commas nor colons.
    package var text: String {
        switch self {
        case .changed(let source): source.map { "changed:\($0)" } ?? "changed"
        case .pull(let source): "pull:\(source)"
        case .shares: "shares"
        case .unknown: "unknown"
        }
    }

    /// Reads the form of ``text``. A text of a newer version means ``unknown``.
    package init(_ text: Substring) {
        let parts = text.split(separator: ":", maxSplits: 1).map { String($0) }
        switch (parts.first, parts.count) {
        case ("changed", 1): self = .changed(source: nil)
        case ("changed", 2): self = .changed(source: parts[1])
        case ("pull", 2): self = .pull(source: parts[1])
        case ("shares", 1): self = .shares
        default: self = .unknown
        }
    }
}

/// The connections of a store that is a server.
package struct StoreConnections: Sendable {
    /// The number of open connections.
    package let open: Int
    /// The number of requests that wait for a connection.
    package let waiting: Int
    /// The number of connections that were made since the start of the process.
    package let connects: Int
    /// The number of connections that could not be made.
    package let failedConnects: Int
    /// True while hints of other processes arrive (``Store/hints()``).
    package let isListening: Bool
    /// The number of repeated transactions, by the class of the SQLSTATE, for example `40`, or `connection`.
    package let retries: [String: Int]
    /// The number of times at which the clock of the server jumped by more than a second.
    package let clockJumps: Int

    package init(
        open: Int, waiting: Int, connects: Int, failedConnects: Int, isListening: Bool, retries: [String: Int],
        clockJumps: Int
    ) {
        self.open = open
        self.waiting = waiting
        self.connects = connects
        self.failedConnects = failedConnects
        self.isListening = isListening
        self.retries = retries
        self.clockJumps = clockJumps
    }
}

/// The defaults of a store in a file, which only processes of one machine use.
extension Store {
    package func sharedTime() -> Timestamp? { nil }
    package func hints() -> AsyncStream<StoreHint>? { nil }
    package var connections: StoreConnections? { nil }
}
