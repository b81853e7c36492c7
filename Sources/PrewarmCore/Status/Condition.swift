/// One statement about a preset or a source, in the form of Kubernetes' conditions. `Ready` is always there;
/// the others only while they are true (kstatus).
package struct Condition: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case ready = "Ready"
        case reconciling = "Reconciling"
        case stalled = "Stalled"
        case deprecated = "Deprecated"
        case suspended = "Suspended"
        case invalid = "Invalid"
        case deletionsHeld = "DeletionsHeld"
        case backingOff = "BackingOff"
        case limited = "Limited"
        /// Of a source: it is held at a revision.
        case pinned = "Pinned"
    }

    package enum Status: String, Sendable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    package let kind: Kind
    package let status: Status
    /// One word for programs.
    package let reason: String
    /// One sentence for people.
    package let message: String
    /// Since when the status is what it is; nil: unknown.
    package var since: Timestamp?

    package init(_ kind: Kind, _ status: Status = .yes, reason: String, message: String, since: Timestamp? = nil) {
        self.kind = kind
        self.status = status
        self.reason = reason
        self.message = message.printable
        self.since = since
    }
}

extension Condition: BinaryCodable {
    package func encode(into writer: inout BinaryWriter) {
        writer.write(kind.rawValue)
        writer.write(status.rawValue)
        writer.write(reason)
        writer.write(message)
        writer.write(since?.milliseconds)
    }

    package init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard let kind = Kind(rawValue: try reader.read()), let status = Status(rawValue: try reader.read()) else {
            throw BinaryCodingError()
        }
        self.init(kind, status, reason: try reader.read(), message: try reader.read())
        since = try reader.read(Int64?.self).map { Timestamp(milliseconds: $0) }
    }
}
