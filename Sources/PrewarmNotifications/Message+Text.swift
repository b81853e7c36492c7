internal import PrewarmCore

extension Message {
    /// A sentence for people, for example `presets: pool go-large is stalled: 3 builds in a row failed`.
    var title: String {
        switch type {
        case .sourceFailing: "\(source): cannot read the repository\(detail)"
        case .sourceRecovered: "\(source): prewarm can read the repository again"
        case .revisionApplied: "\(source): applied \(shortRevision)\(detail)"
        case .revisionConverged: "\(source): every pool matches \(shortRevision)"
        case .revisionInvalid: "\(source): manifests are invalid, and their last valid version stays applied\(detail)"
        case .revisionHeld: "\(source): deletions are held\(detail)"
        case .revisionApproved: "\(source): held deletions were approved\(detail)"
        case .revisionRewritten: "\(source): history was rewritten\(detail)"
        case .revisionRecovered:
            incident?.hasPrefix(Incident.Topic.held.rawValue) == true
                ? "\(source): deletions are no longer held" : "\(source): every manifest is valid again"
        case .presetReady: "\(source): \(subjects("pool")) full"
        case .presetDegraded: "\(source): builds fail in \(named("pool"))\(detail)"
        case .presetStalled: "\(source): \(subjects("pool")) stalled\(detail)"
        case .presetRecovered:
            isOfStalled ? "\(source): no pool is stalled any longer" : "\(source): builds work again in every pool"
        case .provisionerUnavailable: "\(source): \(subjects("provisioner")) unavailable\(detail)"
        case .provisionerAvailable: "\(source): every provisioner is available again"
        case .workspaceReady: "\(source): \(subjects("workspace")) ready"
        case .workspaceClaimed: "\(source): \(subjects("workspace")) claimed"
        case .workspaceReleased: "\(source): \(subjects("workspace")) released"
        case .workspaceExpiring: "\(source): the lease of \(named("workspace")) ends soon\(detail)"
        case .workspaceExpired: "\(source): the lease of \(named("workspace")) has ended\(detail)"
        case .workspaceLost: "\(source): \(subjects("workspace")) lost or broken\(detail)"
        case .workspaceRecovered: "\(source): no workspace is lost or broken any longer"
        }
    }

    var shortRevision: String { revision.flatMap { Revision($0)?.short } ?? "an unknown revision" }

    private var isOfStalled: Bool { incident?.hasPrefix(Incident.Topic.stalled.rawValue) == true }

    /// The subject and verb of a sentence, for example `pool go-large is` or `12 pools are`.
    private func subjects(_ noun: String) -> String { named(noun) + (count == 1 ? " is" : " are") }

    /// The affected objects, for example `pool go-large` or `12 pools`.
    private func named(_ noun: String) -> String {
        guard count == 1, let only = items.first else { return "\(count) \(noun)s" }
        return "\(noun) \(only.object.split(separator: "/", maxSplits: 1).last ?? "")"
    }

    private var detail: String {
        guard count == 1, let text = items.first?.text, !text.isEmpty else { return "" }
        return ": \(text.prefix(500))"
    }
}
