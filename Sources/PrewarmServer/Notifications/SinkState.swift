internal import PrewarmCore
internal import PrewarmEngine

/// What a sink has to remember between two starts of the process.
struct SinkState: Hashable, Sendable {
    private(set) var incidents = IncidentTracker()
    private(set) var statuses = CommitStatusTracker()
    /// What is to be delivered, the oldest first.
    private(set) var outbox: [Notification] = []

    /// No events are read while so many wait: the table of events holds what comes after them.
    private static let outboxLimit = 100
    /// What could not be told for so long is no news any more.
    static let oldest = Duration.seconds(86_400)

    var hasRoom: Bool { outbox.count < Self.outboxLimit }

    mutating func take(_ events: [SequencedEvent], for settings: SinkSettings, concerns: (String) -> Bool) {
        if settings.kind.isForge {
            outbox = (outbox + statuses.fold(events, concerns: concerns)).keepingNewest
        } else {
            outbox += incidents.fold(events, wanted: settings.types, concerns: concerns)
        }
    }

    mutating func keep(_ concerns: (String) -> Bool) {
        incidents.keep(concerns)
        statuses.keep(concerns)
    }

    /// - Returns: how many were too old.
    mutating func dropOld(at now: Timestamp) -> Int {
        let before = outbox.count
        outbox.removeAll { $0.at + Self.oldest <= now }
        return before - outbox.count
    }

    mutating func remove(_ notification: Notification) { outbox.removeAll { $0.id == notification.id } }
}

extension SinkState: BinaryCodable {
    private static let version = 1

    func encode(into writer: inout BinaryWriter) {
        writer.write(Self.version)
        writer.write(incidents)
        writer.write(statuses)
        writer.write(outbox)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard try reader.read(Int.self) == Self.version else { throw BinaryCodingError() }
        incidents = try reader.read()
        statuses = try reader.read()
        outbox = try reader.read()
    }
}
