internal import PrewarmCore
internal import PrewarmEngine

/// Derives the commit status of the applied revision of each source from events. It does no I/O.
///
/// The status is `pending` while the pools are being filled and `success` once every pool is ready. It is `failure` while
/// manifests are invalid, deletions are held or a pool is stalled.
struct CommitStatusTracker: Hashable, Sendable {
    private var sources: [String: Standing] = [:]

    fileprivate struct Standing: Hashable, Sendable {
        /// The applied revision, for example `main@sha1:5394cb7f…`.
        var revision: String
        /// The message about invalid manifests; nil if every manifest is valid.
        var invalid: String?
        /// The message about held deletions; nil if no deletion is held.
        var held: String?
        /// The message for each stalled preset.
        var stalled: [String: String] = [:]
        var isConverged = false
        /// The status that was reported last.
        var told: CommitStatus?
    }

    /// Processes events and returns the statuses to report.
    mutating func fold(_ events: [SequencedEvent], concerns: (String) -> Bool) -> [Notification] {
        var notifications: [Notification] = []
        for numbered in events {
            let event = numbered.event
            guard let source = event.source, concerns(source) else { continue }
            if event.object == "revision", event.reason == EventReason.applied.rawValue {
                if let last = supersede(source, by: event.name) { notifications.append(last.numbered(numbered, "old")) }
                let stalled = sources[source]?.stalled ?? [:]
                sources[source] = Standing(revision: event.name, stalled: stalled)
            } else {
                sources[source]?.take(event)
            }
            if let status = sources[source]?.news(of: source) { notifications.append(status.numbered(numbered, "now")) }
        }
        return notifications.keepingNewest
    }

    /// Returns true if the status belongs to the applied revision of its source.
    func isInForce(_ status: CommitStatus) -> Bool {
        sources[status.source]?.revision.hasSuffix(status.commit) == true
    }

    /// Forgets the sources for which `concerns` is false.
    mutating func keep(_ concerns: (String) -> Bool) {
        sources = sources.filter { concerns($0.key) }
    }

    /// Returns a final status for the commit of a replaced revision, so that it does not stay pending.
    private func supersede(_ source: String, by revision: String) -> CommitStatus? {
        guard let old = sources[source], let told = old.told, told.state == .pending, old.revision != revision,
            let new = Revision(revision)
        else { return nil }
        return CommitStatus(
            source: source, commit: told.commit, state: .success,
            description: "applied; \(new.short) replaced it before every pool was ready")
    }
}

extension CommitStatusTracker.Standing {
    fileprivate mutating func take(_ event: Event) {
        switch (event.object, EventReason(rawValue: event.reason)) {
        case ("revision", _) where event.name != revision: break
        case ("revision", .manifestsInvalid): invalid = event.message
        case ("revision", .manifestsValid): invalid = nil
        case ("revision", .deletionsHeld): held = event.message
        case ("revision", .holdEnded), ("source", .approved): held = nil
        case ("revision", .converged): isConverged = true
        case ("preset", .stalled): if stalled.count < 1000 { stalled[event.name] = event.message }
        case ("preset", .recovered), ("preset", .forgotten): stalled[event.name] = nil
        default: break
        }
    }

    /// Returns the current status, or nil if it equals the status that was reported last.
    fileprivate mutating func news(of source: String) -> CommitStatus? {
        guard let commit = Revision(revision)?.commit else { return nil }
        let (state, description): (CommitStatus.State, String) =
            if let invalid {
                (.failure, invalid)
            } else if let held {
                (.failure, held)
            } else if let first = stalled.min(by: { $0.key < $1.key }) {
                (.failure, "\(first.key) is stalled: \(first.value)")
            } else if isConverged {
                (.success, "every pool is ready")
            } else {
                (.pending, "applied, pools are being filled")
            }
        let status = CommitStatus(
            source: source, commit: commit, state: state, description: String(description.prefix(1000)))
        guard status != told else { return nil }
        told = status
        return status
    }
}

extension CommitStatus {
    fileprivate func numbered(_ event: SequencedEvent, _ suffix: String) -> Notification {
        Notification(id: "\(event.sequence)-status-\(suffix)", at: event.event.at, content: .status(self))
    }
}

extension [Notification] {
    /// The notifications without outdated statuses: only the last status of each commit is kept.
    var keepingNewest: [Notification] {
        var seen: Set<String> = []
        let kept = reversed().filter { notification in
            guard case .status(let status) = notification.content else { return true }
            return seen.insert("\(status.source) \(status.commit)").inserted
        }
        return kept.reversed()
    }
}

extension CommitStatusTracker: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(sources)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        sources = try reader.read()
    }
}

extension CommitStatusTracker.Standing: BinaryCodable {
    func encode(into writer: inout BinaryWriter) {
        writer.write(revision)
        writer.write(invalid)
        writer.write(held)
        writer.write(stalled)
        writer.write(isConverged)
        writer.write(told)
    }

    init(from reader: inout BinaryReader) throws(BinaryCodingError) {
        revision = try reader.read()
        invalid = try reader.read()
        held = try reader.read()
        stalled = try reader.read()
        isConverged = try reader.read()
        told = try reader.read()
    }
}
