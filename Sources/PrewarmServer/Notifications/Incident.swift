internal import PrewarmCore

/// Something that is not as it shall be, told once when it begins and once when it is over.
struct Incident: Hashable, Sendable {
    enum Topic: String, CaseIterable, Sendable {
        /// The remote can't be read.
        case failing
        /// Manifests are invalid.
        case invalid
        /// Deletions wait for somebody's leave.
        case held
        /// Builds fail.
        case degraded
        /// Builds failed so often that none is tried any more.
        case stalled
        /// Workspaces are gone that were not deleted.
        case lost
    }

    let topic: Topic
    let source: String
    /// The number of the event that it began with.
    let sequence: Int64
    let since: Timestamp
    /// What is concerned, as names of presets, and how often; empty: the source itself.
    var members: [String: Int] = [:]

    var id: String { "\(topic.rawValue)-\(sequence)" }

    private static let memberLimit = 1000
    /// Ends that nobody saw must not keep later losses quiet.
    static let lossForgottenAfter = Duration.seconds(86_400)

    mutating func add(_ member: String) {
        guard members[member] != nil || members.count < Self.memberLimit else { return }
        members[member, default: 0] += 1
    }

    /// One of a member's troubles is over.
    mutating func reduce(_ member: String) {
        guard let count = members[member] else { return }
        members[member] = count > 1 ? count - 1 : nil
    }
}

extension Incident: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(topic.rawValue)
        writer.write(source)
        writer.write(sequence)
        writer.write(since.milliseconds)
        writer.write(members)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        guard let topic = Topic(rawValue: try reader.read()) else { throw BinaryCodingError() }
        self.init(
            topic: topic, source: try reader.read(), sequence: try reader.read(),
            since: Timestamp(milliseconds: try reader.read()), members: try reader.read())
    }
}
