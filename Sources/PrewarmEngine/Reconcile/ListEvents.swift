import PrewarmCore

/// The events that follow from comparing one list of a provisioner with the store.
struct ListEvents {
    private(set) var events: [Event] = []
    private let provisioner: String
    private let at: Timestamp

    /// The largest number of orphans that get an event each. One more event counts the others.
    private static let orphansLimit = 20

    /// - Parameters:
    ///   - before: The record of the last list; nil if this is the first one.
    ///   - unknown: The unknown states that no earlier list had.
    init(
        _ report: ResyncReport, _ comparison: ListComparison, before: Listing?, unknown: [String], at: Timestamp
    ) {
        provisioner = report.provisioner
        self.at = at
        let lost = Set(report.lost.map(\.id))
        for (workspace, suspect) in comparison.condemned where lost.contains(workspace.id) {
            note(workspace, suspect)
        }
        for (workspace, suspect, isNew) in comparison.claimed where isNew {
            note(workspace, suspect, "; it is claimed, so prewarm does not touch it")
        }
        for workspace in comparison.recovered {
            events.append(
                event(
                    workspace, .normal, .recovered,
                    "the provisioner \(provisioner) reports the workspace as ready again"))
        }
        if let suspicion = report.suspicion, suspicion.isNew {
            events.append(suspicion.event(of: provisioner, at: at))
        }
        noteOrphans(report, before)
        for state in unknown {
            events.append(
                Event(
                    at: at, kind: .warning, reason: .unknownState, object: "provisioner", name: provisioner,
                    message: "the list contains an unknown state; workspaces in this state count as ready",
                    detail: "the list contains the unknown state \"\(state.printable)\"; workspaces in this state "
                        + "count as ready"))
        }
    }

    /// Adds the event of a lost or broken workspace. The state is text of the provisioner, so only the detail holds it.
    private mutating func note(_ workspace: Workspace, _ suspect: Suspect, _ more: String = "") {
        let reason = suspect.state == nil ? EventReason.lost : .failed
        let full = suspect.message(of: provisioner) + more
        let isOurs = suspect.state == nil
        let message = isOurs ? full : "the provisioner reports it as broken; \(Operation.withheldError)\(more)"
        events.append(event(workspace, .warning, reason, message, detail: isOurs ? nil : full))
    }

    private func event(
        _ workspace: Workspace, _ kind: Event.Kind, _ reason: EventReason, _ message: String, detail: String? = nil
    ) -> Event {
        Event(
            at: at, kind: kind, reason: reason, object: "workspace", name: workspace.name,
            source: workspace.preset.source, preset: workspace.preset.name, message: message, detail: detail,
            owner: workspace.owner)
    }

    private mutating func noteOrphans(_ report: ResyncReport, _ before: Listing?) {
        let known = Set(before?.orphans.map(\.id) ?? [])
        let deleted = Set(report.deleted)
        let new = report.orphans.map(\.id).filter { !known.contains($0) } + report.deleted
        for id in new.prefix(Self.orphansLimit) {
            events.append(
                Event(
                    at: at, kind: .warning, reason: .orphaned, object: "workspace",
                    name: id.rawValue,
                    message: "the provisioner \(provisioner) lists this workspace, but the store does not know it"
                        + (deleted.contains(id) ? "; prewarm deletes it" : "")))
        }
        let more = new.count - Self.orphansLimit + max(report.moreOrphans - (before?.moreOrphans ?? 0), 0)
        if new.count > Self.orphansLimit, more > 0 {
            events.append(
                Event(
                    at: at, kind: .warning, reason: .orphaned, object: "provisioner",
                    name: provisioner,
                    message: "the provisioner lists \(more) more \(more == 1 ? "workspace" : "workspaces") that the "
                        + "store does not know"))
        }
    }
}
