internal import PrewarmCore

/// A fault that lasts for some time. A sink reports it once when it begins and once when it ends.
struct Incident: Hashable, Sendable {
    /// The kind of fault.
    enum Topic: String, CaseIterable, Sendable {
        /// prewarm cannot read the repository.
        case failing
        /// Manifests are invalid.
        case invalid
        /// Deletions wait for approval.
        case held
        /// Builds fail.
        case degraded
        /// The failure limit was reached, and prewarm tries one build an hour.
        case stalled
        /// Workspaces disappeared that prewarm did not delete, or broke after they were ready.
        case lost
        /// A provisioner does not work.
        case unavailable
    }

    let topic: Topic
    let source: String
    /// The number of the event that began the incident.
    let sequence: Int64
    let since: Timestamp
    /// The affected presets, with the number of open faults of each. Empty if the incident is about the source itself.
    var members: [String: Int] = [:]

    var id: String { "\(topic.rawValue)-\(sequence)" }

    private static let memberLimit = 1000
    /// The time after which a new loss begins a new incident, since prewarm may have missed the end of the earlier one.
    static let lossForgottenAfter = Duration.seconds(86_400)

    /// Counts one fault of a member more. New members beyond the limit are ignored.
    mutating func add(_ member: String) {
        guard members[member] != nil || members.count < Self.memberLimit else { return }
        members[member, default: 0] += 1
    }

    /// Counts one fault of a member less. The last one removes the member.
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
