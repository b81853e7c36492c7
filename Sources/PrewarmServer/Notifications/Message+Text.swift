internal import PrewarmCore

extension Message {
    /// One sentence for people.
    var title: String {
        switch type {
        case .sourceFailing: "\(source): the repository can't be read\(detail)"
        case .sourceRecovered: "\(source): the repository can be read again"
        case .revisionApplied: "\(source): applied \(shortRevision)\(detail)"
        case .revisionConverged: "\(source): every pool is as \(shortRevision) says"
        case .revisionInvalid: "\(source): manifests are invalid, their last good version stays in force\(detail)"
        case .revisionHeld: "\(source): deletions are held\(detail)"
        case .revisionApproved: "\(source): held deletions were approved\(detail)"
        case .revisionRewritten: "\(source): history was rewritten\(detail)"
        case .revisionRecovered:
            incident?.hasPrefix(Incident.Topic.held.rawValue) == true
                ? "\(source): no deletion is held any more" : "\(source): every manifest is valid again"
        case .presetReady: "\(source): \(subjects("pool")) filled"
        case .presetDegraded: "\(source): builds fail in \(subjects("pool"))\(detail)"
        case .presetStalled: "\(source): \(subjects("pool")) stalled\(detail)"
        case .presetRecovered: "\(source): no pool is \(isOfStalled ? "stalled" : "failing") any more"
        case .workspaceReady: "\(source): \(subjects("workspace")) ready"
        case .workspaceClaimed: "\(source): \(subjects("workspace")) claimed"
        case .workspaceReleased: "\(source): \(subjects("workspace")) released"
        case .workspaceLost: "\(source): \(subjects("workspace")) lost\(detail)"
        case .workspaceRecovered: "\(source): lost workspaces are replaced"
        }
    }

    var shortRevision: String { revision.flatMap { Revision($0)?.short } ?? "an unknown revision" }

    private var isOfStalled: Bool { incident?.hasPrefix(Incident.Topic.stalled.rawValue) == true }

    /// `go-large`, or `12 pools`.
    private func subjects(_ noun: String) -> String {
        guard count == 1, let only = items.first else { return "\(count) \(noun)s" }
        return String(only.object.split(separator: "/", maxSplits: 1).last ?? "")
    }

    private var detail: String {
        guard count == 1, let text = items.first?.text, !text.isEmpty else { return "" }
        return ": \(text.prefix(500))"
    }
}
