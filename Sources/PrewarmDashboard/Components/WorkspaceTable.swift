import PrewarmCore
import PrewarmEngine

/// A table of workspaces. It shows owners and endpoints only as far as the documents have them.
struct WorkspaceTable {
    private let workspaces: [Value]
    private let times: Moments
    private let caption: String

    init(_ workspaces: [Value], _ times: Moments, caption: String) {
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
                    "<code>\(workspace.text("name") ?? "")</code>", state(workspace),
                    "\(workspace.text("template") ?? "") \(workspace.text("version") ?? "")",
                    times.element(workspace, "createdAt"),
                ]
                guard viewer.seesOwners else { return cells }
                let all = renew(workspace, for: viewer) + release(workspace, for: viewer)
                let forms: Markup = all == "" ? "" : "<div class=\"forms\">\(all)</div>"
                return cells + ["\(workspace.text("owner") ?? "–")", endpoint(workspace), forms]
            }
        ).markup
    }

    private func state(_ workspace: Value) -> Markup {
        let name = workspace.text("state") ?? ""
        let (tone, icon): (String, Icon) =
            switch name {
            case "ready": ("good", .check)
            case "claimed": ("claimed", .bar)
            case "failed", "lost": ("bad", .cross)
            case "suspect", "unhealthy": ("warning", .triangle)
            case "pending", "creating": ("busy", .half)
            default: ("quiet", .dash)
            }
        let handover = workspace.text("handover").flatMap { ["none", "done"].contains($0) ? nil : "handover \($0)" }
        let lease = leaseEnd(workspace)
        let since = name == "claimed" && workspace["claimedAt"] != nil ? times.element(workspace, "claimedAt") : nil
        let under = [since, handover.map { Markup($0) }, lease.map { "ends \(times.element($0))" as Markup }].compactMap
        { $0 }
        let more: Markup = under.isEmpty ? "" : "<span class=\"under\">\(under.joined(separator: ", "))</span>"
        return "<span class=\"badge \(tone)\">\(icon.markup)\(name)</span>\(more)"
    }

    /// Returns the end of the lease of a claimed workspace; nil if it has none.
    private func leaseEnd(_ workspace: Value) -> Timestamp? {
        guard workspace.text("state") == "claimed" else { return nil }
        return (workspace["lease"]?.text("expiresAt") ?? workspace.text("expiresAt")).flatMap { Timestamp($0) }
    }

    private func endpoint(_ workspace: Value) -> Markup {
        guard let text = workspace.text("endpoint") else { return "–" }
        guard let link = Address.link(text) else { return "<code>\(text)</code>" }
        return "<a href=\"\(link)\" rel=\"noopener noreferrer\">\(text)</a>"
    }

    /// Returns the form that renews a claim with a lease for its usual time.
    private func renew(_ workspace: Value, for viewer: Viewer) -> Markup {
        guard viewer.mayClaim, workspace.text("state") == "claimed", workspace["lease"] != nil,
            let id = workspace.text("id")
        else { return "" }
        return Form(
            action: Address.workspace(id, "renew"), button: "Renew", isSecondary: true,
            object: workspace.text("name") ?? id
        ).markup(for: viewer)
    }

    private func release(_ workspace: Value, for viewer: Viewer) -> Markup {
        guard viewer.mayClaim, workspace.text("state") == "claimed", let id = workspace.text("id") else { return "" }
        let name = workspace.text("name") ?? id
        return Form(
            action: Address.workspace(id, "release"), button: "Release and delete", isDangerous: true, object: name
        ).guarded(
            id: "release-\(id)", opener: "Release", warning: "prewarm deletes the workspace with everything in it.",
            for: viewer)
    }
}
