internal import PrewarmCore
internal import PrewarmEngine

/// The state of a sink that the store keeps between two starts of the process.
struct SinkState: Hashable, Sendable {
    private(set) var incidents = IncidentTracker()
    private(set) var statuses = CommitStatusTracker()
    /// The notifications to deliver, the oldest first.
    private(set) var outbox: [Notification] = []

    /// The length of the outbox at which the worker stops reading events. Later events stay in the table of events.
    private static let outboxLimit = 100
    /// The age at which an undelivered notification is dropped, if it no longer describes the current state.
    static let oldest = Duration.seconds(86_400)

    var hasRoom: Bool { outbox.count < Self.outboxLimit }

    /// Processes events and adds their notifications to the outbox.
    mutating func take(_ events: [SequencedEvent], for settings: SinkSettings, concerns: (String) -> Bool) {
        if settings.kind.isForge {
            outbox = (outbox + statuses.fold(events, concerns: concerns)).keepingNewest
        } else {
            outbox += incidents.fold(events, wanted: settings.types, concerns: concerns)
        }
    }

    /// Forgets the sources for which `concerns` is false.
    mutating func keep(_ concerns: (String) -> Bool) {
        incidents.keep(concerns)
        statuses.keep(concerns)
    }

    /// Drops notifications older than ``oldest``. A notification that still describes the current state is kept.
    /// - Returns: The number of dropped notifications.
    mutating func dropOld(at now: Timestamp) -> Int {
        let kept = outbox.filter { $0.at + Self.oldest > now || isStillSo($0) }
        defer { outbox = kept }
        return outbox.count - kept.count
    }

    private func isStillSo(_ notification: Notification) -> Bool {
        switch notification.content {
        case .status(let status): statuses.isInForce(status)
        case .message(let message):
            message.state == .broken && incidents.incidents.contains { $0.id == message.incident }
        }
    }

    /// Removes a notification from the outbox.
    mutating func remove(_ notification: Notification) { outbox.removeAll { $0.id == notification.id } }
}

extension SinkState: BinaryCodable {
    private static let version = 1

    func encode(into writer: inout BinaryWriter) {
        writer.write(Self.version)
        writer.write(incidents)
        writer.write(statuses)
        writer.write(outbox)
        writer.write(OutboxClaim.all(in: outbox))
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard try reader.read(Int.self) == Self.version else { throw BinaryCodingError() }
        incidents = try reader.read()
        statuses = try reader.read()
        outbox = try reader.read()
        if !reader.isAtEnd {
            for claim in try reader.read([OutboxClaim].self) { claim.restore(in: &outbox) }
        }
    }
}
