/// A statement about a preset or a source, in the form of a Kubernetes condition. `Ready` always exists. The others
/// exist only while they are true, as kstatus requires.
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
        case provisionerUnavailable = "ProvisionerUnavailable"
        case claimUnhealthy = "ClaimUnhealthy"
        case limited = "Limited"
        /// Handovers to owners fail.
        case handoverFailing = "HandoverFailing"
        /// An operator holds the source at a revision (`prewarm pin`).
        case pinned = "Pinned"
    }

    package enum Status: String, CaseIterable, Sendable {
        case yes = "True"
        case no = "False"
        case unknown = "Unknown"
    }

    package let kind: Kind
    package let status: Status
    /// One word for programs: the text of a ``ConditionReason``, or the reason of an error of a source.
    package let reason: String
    /// A text for people, on one line.
    package let message: String
    /// The time since which the condition has its status; nil if it is unknown.
    package var since: Timestamp?

    package init(
        _ kind: Kind, _ status: Status = .yes, reason: ConditionReason, message: String, since: Timestamp? = nil
    ) {
        self.init(kind, status, storedReason: reason.rawValue, message: message, since: since)
    }

    /// Makes a condition with a reason that is stored, or that an error has.
    package init(
        _ kind: Kind, _ status: Status = .yes, storedReason: String, message: String, since: Timestamp? = nil
    ) {
        self.kind = kind
        self.status = status
        self.reason = storedReason
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
        self.init(kind, status, storedReason: try reader.read(), message: try reader.read())
        since = try reader.read(Int64?.self).map { Timestamp(milliseconds: $0) }
    }
}
