import PrewarmAPI
import PrewarmCore

/// A table of workspaces. It shows owners and endpoints only as far as the documents have them.
struct WorkspaceTable {
    private let workspaces: [WorkspaceDocument]
    private let times: Moments
    private let caption: String

    init(_ workspaces: [WorkspaceDocument], _ times: Moments, caption: String) {
        self.workspaces = workspaces
        self.times = times
        self.caption = caption
    }

    func markup(for viewer: Viewer) -> Markup {
        var columns: [Table.Column] = [
            .init("Workspace", isHeader: true), .init("State"), .init("Version"), .init("Age"),
        ]
        if viewer.seesOwners {
            columns += [.init("Owner", kind: "long name"), .init("Endpoint", kind: "long"), .init("Action")]
        }
        return Table(
            caption: caption, columns: columns,
            rows: workspaces.map { workspace in
                let cells: [Markup] = [
                    "<code>\(workspace.name)</code>", state(workspace),
                    "\(workspace.template) \(workspace.version)",
                    times.element(workspace.createdAt),
                ]
                guard viewer.seesOwners else { return cells }
                let all = renew(workspace, for: viewer) + release(workspace, for: viewer)
                let forms: Markup = all == "" ? "" : "<div class=\"forms\">\(all)</div>"
                return cells + ["\(workspace.owner ?? "–")", endpoint(workspace), forms]
            }
        ).markup
    }

    private func state(_ workspace: WorkspaceDocument) -> Markup {
        let (tone, icon): (String, Icon) =
            switch workspace.state.known {
            case .ready: ("good", .check)
            case .claimed: ("claimed", .bar)
            case .failed, .lost: ("bad", .cross)
            case .suspect, .unhealthy: ("warning", .triangle)
            case .pending, .creating: ("busy", .half)
            case .deleting, .deleted, nil: ("quiet", .dash)
            }
        let handover = workspace.handover.flatMap { state -> String? in
            state == HandoverState.none || state == .done ? nil : "handover \(state)"
        }
        let lease = leaseEnd(workspace)
        let since = workspace.state == .claimed ? workspace.claimedAt.map { times.element($0) } : nil
        let under = [since, handover.map { Markup($0) }, lease.map { "ends \(times.element($0))" as Markup }].compactMap
        { $0 }
        let more: Markup = under.isEmpty ? "" : "<span class=\"under\">\(under.joined(separator: ", "))</span>"
        return "<span class=\"badge \(tone)\">\(icon.markup)\(workspace.state.text)</span>\(more)"
    }

    /// Returns the end of the lease of a claimed workspace; nil if it has none.
    private func leaseEnd(_ workspace: WorkspaceDocument) -> Timestamp? {
        workspace.state == .claimed ? workspace.lease?.expiresAt ?? workspace.expiresAt : nil
    }

    private func endpoint(_ workspace: WorkspaceDocument) -> Markup {
        guard let text = workspace.endpoint else { return "–" }
        guard let link = Address.link(text) else { return "<code>\(text)</code>" }
        return "<a href=\"\(link)\" rel=\"noopener noreferrer\">\(text)</a>"
    }

    /// Returns the form that renews a claim with a lease for its usual time.
    private func renew(_ workspace: WorkspaceDocument, for viewer: Viewer) -> Markup {
        guard viewer.mayClaim, workspace.state == .claimed, workspace.lease != nil else { return "" }
        return Form(
            action: Address.workspace(workspace.id, "renew"), button: "Renew", isSecondary: true,
            object: workspace.name
        ).markup(for: viewer)
    }

    private func release(_ workspace: WorkspaceDocument, for viewer: Viewer) -> Markup {
        guard viewer.mayClaim, workspace.state == .claimed else { return "" }
        return Form(
            action: Address.workspace(workspace.id, "release"), button: "Release and delete", isDangerous: true,
            object: workspace.name
        ).guarded(
            id: "release-\(workspace.id)", opener: "Release",
            warning: "prewarm deletes the workspace with everything in it.",
            for: viewer)
    }
}
