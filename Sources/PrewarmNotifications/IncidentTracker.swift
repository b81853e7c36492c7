internal import PrewarmCore
internal import PrewarmEngine

/// Turns many events into few messages. It does no I/O: the same events give the same messages.
///
/// An incident gives one message when it begins and one when it ends. Events of one kind that are read together give one
/// message. For example, 50 pools that stall at once give one message with a count of 50.
struct IncidentTracker: Hashable, Sendable {
    private(set) var incidents: [Incident] = []
    /// The applied revision of each source.
    private var revisions: [String: String] = [:]

    /// Processes events and returns the messages to send.
    /// - Parameters:
    ///   - wanted: The types to report. The end of an incident is reported if its beginning was.
    ///   - concerns: Returns true for the sources to report on.
    mutating func fold(
        _ events: [SequencedEvent], wanted: Set<NotificationType>, concerns: (String) -> Bool
    ) -> [Notification] {
        var batch = Batch()
        for event in events {
            guard let source = event.event.source, concerns(source) else { continue }
            take(event, of: source, wanted, &batch)
        }
        return batch.notifications
    }

    /// Forgets the sources for which `concerns` is false.
    mutating func keep(_ concerns: (String) -> Bool) {
        incidents.removeAll { !concerns($0.source) }
        revisions = revisions.filter { concerns($0.key) }
    }

    private mutating func take(
        _ numbered: SequencedEvent, of source: String, _ wanted: Set<NotificationType>, _ batch: inout Batch
    ) {
        let event = numbered.event
        let context = Context(numbered, source: source, wanted: wanted)
        switch (event.object, EventReason(rawValue: event.reason)) {
        case ("source", .recovered): end(.failing, context, &batch)
        case (_, .historyRewritten): tell(.revisionRewritten, context, &batch)
        case ("source", .approved): approve(context, &batch)
        case ("source", _) where GitFailure.Reason(rawValue: event.reason) != nil:
            begin(.failing, context, member: nil, &batch)
        case ("revision", .applied):
            revisions[source] = event.name
            tell(.revisionApplied, context, &batch)
        case ("revision", .converged):
            tell(.revisionConverged, context, &batch)
            end(.lost, context, &batch)
        case ("revision", .manifestsInvalid): begin(.invalid, context, member: nil, &batch)
        case ("revision", .manifestsValid): end(.invalid, context, &batch)
        case ("revision", .deletionsHeld): begin(.held, context, member: nil, &batch)
        case ("revision", .holdEnded): end(.held, context, &batch)
        case ("provisioner", .provisionerUnavailable): begin(.unavailable, context, member: event.name, &batch)
        case ("provisioner", .provisionerAvailable): leaveAtOnce(.unavailable, context, member: event.name, &batch)
        case ("preset", _): takePreset(context, &batch)
        case ("workspace", _): takeWorkspace(context, &batch)
        default: break
        }
    }

    private mutating func takePreset(_ context: Context, _ batch: inout Batch) {
        let name = context.event.name
        switch EventReason(rawValue: context.event.reason) {
        case .stalled:
            begin(.stalled, context, member: name, &batch)
            // The stalled incident replaces the degraded one, which ends without a message.
            leave(.degraded, context, member: name, isTold: false, &batch)
        case .recovered: leave(.stalled, context, member: name, &batch)
        case .atDesired: tell(.presetReady, context, &batch)
        case .forgotten:
            for topic in [Incident.Topic.stalled, .degraded, .lost] {
                leaveAtOnce(topic, context, member: name, &batch)
            }
        default: break
        }
    }

    private mutating func takeWorkspace(_ context: Context, _ batch: inout Batch) {
        guard let preset = context.event.preset else { return }
        switch EventReason(rawValue: context.event.reason) {
        case .ready:
            tell(.workspaceReady, context, &batch)
            leaveAtOnce(.degraded, context, member: preset, &batch)
            leave(.lost, context, member: preset, &batch)
        case .createFailed:
            let isStalled = index(of: .stalled, context.source).map { incidents[$0].members[preset] != nil } ?? false
            let isKnown = index(of: .degraded, context.source).map { incidents[$0].members[preset] != nil } ?? false
            if !isStalled, !isKnown { begin(.degraded, context, member: preset, &batch) }
        case .claimed: tell(.workspaceClaimed, context, &batch)
        // With a handover, the event of its end follows.
        case .claimedCold where context.event.claimed != nil: tell(.workspaceClaimed, context, &batch)
        case .released, .revoked: tell(.workspaceReleased, context, &batch)
        case .expiring: tell(.workspaceExpiring, context, &batch)
        case .leaseExpired: tell(.workspaceExpired, context, &batch)
        case .lost, .failed: begin(.lost, context, member: preset, &batch)
        case .recovered: leave(.lost, context, member: preset, &batch)
        default: break
        }
    }

    // MARK: Steps

    private func index(of topic: Incident.Topic, _ source: String) -> Int? {
        incidents.firstIndex { $0.topic == topic && $0.source == source }
    }

    private mutating func begin(
        _ topic: Incident.Topic, _ context: Context, member: String?, _ batch: inout Batch
    ) {
        guard context.wanted.contains(topic.beginning) else { return }
        var known = index(of: topic, context.source)
        if let index = known, topic == .lost, incidents[index].since + Incident.lossForgottenAfter <= context.event.at {
            incidents.remove(at: index)
            known = nil
        }
        if let index = known {
            if let member { incidents[index].add(member) }
            batch.extend(incidents[index].id, context.item)
            return
        }
        var incident = Incident(
            topic: topic, source: context.source, sequence: context.sequence, since: context.event.at)
        if let member { incident.add(member) }
        incidents.append(incident)
        batch.add(context, topic.beginning, .broken, revision: revisions[context.source], incident: incident)
    }

    private mutating func end(_ topic: Incident.Topic, _ context: Context, _ batch: inout Batch) {
        guard let index = index(of: topic, context.source) else { return }
        let incident = incidents.remove(at: index)
        batch.add(context, topic.end, .recovered, revision: revisions[context.source], incident: incident)
    }

    /// Counts one fault of a member less. The incident ends with the last fault of its last member.
    private mutating func leave(
        _ topic: Incident.Topic, _ context: Context, member: String, isTold: Bool = true, _ batch: inout Batch
    ) {
        guard let index = index(of: topic, context.source), incidents[index].members[member] != nil else { return }
        incidents[index].reduce(member)
        guard incidents[index].members.isEmpty else { return }
        if isTold { end(topic, context, &batch) } else { incidents.remove(at: index) }
    }

    /// Ends all faults of a member in an incident.
    private mutating func leaveAtOnce(
        _ topic: Incident.Topic, _ context: Context, member: String, _ batch: inout Batch
    ) {
        guard let index = index(of: topic, context.source), incidents[index].members[member] != nil else { return }
        incidents[index].members[member] = 1
        leave(topic, context, member: member, &batch)
    }

    private mutating func approve(_ context: Context, _ batch: inout Batch) {
        if context.wanted.contains(.revisionApproved) {
            let held = index(of: .held, context.source).map { incidents.remove(at: $0) }
            batch.add(
                context, .revisionApproved, held == nil ? .info : .recovered, revision: revisions[context.source],
                incident: held)
        } else {
            end(.held, context, &batch)
        }
    }

    private func tell(_ type: NotificationType, _ context: Context, _ batch: inout Batch) {
        guard context.wanted.contains(type) else { return }
        batch.add(context, type, .info, revision: revisions[context.source], incident: nil)
    }
}

/// One event while the tracker processes it.
private struct Context {
    let sequence: Int64
    let event: Event
    let source: String
    let wanted: Set<NotificationType>

    init(_ numbered: SequencedEvent, source: String, wanted: Set<NotificationType>) {
        sequence = numbered.sequence
        event = numbered.event
        self.source = source
        self.wanted = wanted
    }

    var item: Message.Item {
        Message.Item(
            object: "\(event.object)/\(event.name)", text: String(event.fullMessage.prefix(1000)),
            claimed: event.claimed)
    }
}

/// The messages of a group of events that are read together.
private struct Batch {
    private(set) var notifications: [Notification] = []
    /// The index of the message to which further items are added: by the id of a new incident, or by type and source.
    private var places: [String: Int] = [:]

    /// Adds a message, or adds an item to the message of the same place.
    mutating func add(
        _ context: Context, _ type: NotificationType, _ state: Message.State, revision: String?, incident: Incident?
    ) {
        let place = state == .info ? "\(type.rawValue) \(context.source)" : incident?.id ?? ""
        // An approval and a converged revision each get a message of their own.
        let isGrouped = state == .info && type != .revisionApplied && type != .revisionConverged
        if isGrouped, places[place] != nil { return extend(place, context.item) }
        var message = Message(type, state, source: context.source, revision: revision, incident: incident?.id)
        message.add(context.item)
        if state != .recovered { places[place] = notifications.count }
        notifications.append(
            Notification(
                id: "\(context.sequence)-\(type.rawValue.replacing(".", with: "-"))", at: context.event.at,
                content: .message(message)))
    }

    /// Adds an item to a message of this batch. Does nothing if the message was returned with an earlier batch.
    mutating func extend(_ place: String, _ item: Message.Item) {
        guard let index = places[place], case .message(var message) = notifications[index].content else { return }
        message.add(item)
        notifications[index].content = .message(message)
    }
}

extension IncidentTracker: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(incidents)
        writer.write(revisions)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        incidents = try reader.read()
        revisions = try reader.read()
    }
}
