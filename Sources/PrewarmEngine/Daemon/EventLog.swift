internal import Logging
internal import PrewarmCore

/// Writes each event of the type `Warning` to the log, for example a failed build, a stalled preset or a lost workspace,
/// and the end of a provisioner's outage.
struct EventLog: Sendable {
    private let store: any Store
    private let logger: Logger
    /// The number of the last event that was read; nil before the first look, which skips events that are older than the
    /// process.
    private var sequence: Int64?

    private static let page = 500

    init(store: any Store, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Writes the events since the last look. If the store cannot be read now, the next look reads it.
    mutating func look() async {
        guard let last = sequence else {
            sequence = try? await store.read { try $0.newestEvent() }
            return
        }
        var after = last
        while let events = try? await store.read({ [after] in try $0.events(after: after, limit: Self.page) }) {
            for event in events { write(event.event) }
            after = events.last?.sequence ?? after
            sequence = after
            if events.count < Self.page { return }
        }
    }

    private func write(_ event: Event) {
        guard event.kind == .warning || event.reason == EventReason.provisionerAvailable.rawValue else { return }
        // The log is for operators, who may read the text of provisioners.
        let words = event.detail ?? event.message
        let cause = words.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        var metadata: Logger.Metadata = [
            event.object: "\(event.name.printable)", "reason": "\(event.reason)", "cause": "\(cause.printable)",
        ]
        if let preset = event.preset { metadata["preset"] = "\(preset)" }
        if let source = event.source { metadata["source"] = "\(source)" }
        logger.log(level: event.kind == .warning ? .warning : .notice, Self.message(of: event), metadata: metadata)
    }

    private static func message(of event: Event) -> Logger.Message {
        switch (EventReason(rawValue: event.reason), event.object) {
        case (.createFailed, _): "a build failed"
        case (.deleteFailed, _): "a deletion failed"
        case (.provisionerUnavailable, _): "a provisioner is unavailable"
        case (.provisionerAvailable, _): "a provisioner is available again"
        case (.stalled, _): "a preset is stalled"
        case (.lost, "workspace"): "a workspace was lost"
        case (.failed, "workspace"): "a workspace is broken"
        case (.orphaned, _): "an orphan was found"
        case (.manifestsInvalid, _): "manifests are invalid"
        case (.deletionsHeld, _): "deletions are held"
        default: "a warning was recorded"
        }
    }
}
