package import PrewarmAPI
import PrewarmCore

extension Page {
    /// Returns the page of the last events.
    /// - Parameter events: The documents of the events, the oldest first.
    package static func events(_ events: [EventDocument], times: Moments, for viewer: Viewer) -> Page {
        Page(
            "Events", section: .events,
            main: """
                <h1>Events</h1>
                <p class="lead">The last events, the newest first. New events appear here while the page is open.</p>
                <div class="card">\(live("event-list", EventList(events.reversed(), times, seesOwners: viewer.seesOwners).markup))</div>
                """)
    }

    /// Returns the page of claims: all claimed workspaces for an operator, the own ones for a claimer.
    /// - Parameters:
    ///   - workspaces: The documents of the claimed workspaces.
    ///   - hasMore: True if there are more workspaces than `workspaces`.
    package static func claims(_ workspaces: [WorkspaceDocument], hasMore: Bool, times: Moments, for viewer: Viewer)
        -> Page
    {
        let more: Markup =
            hasMore
            ? "<p class=\"muted\">There are more. <code>prewarm get workspaces</code> lists all of them.</p>" : ""
        let list: Markup =
            workspaces.isEmpty
            ? "<p class=\"empty\">There is no claimed workspace. Choose a pool to <a href=\"/\">claim one</a>.</p>"
            : WorkspaceTable(workspaces, times, caption: "Claimed workspaces").markup(for: viewer) + more
        let title = viewer.mayOperate ? "Claims" : "My claims"
        return Page(
            title, section: .claims,
            main: """
                <h1>\(title)</h1>
                <p class="lead">\(viewer.mayOperate ? "The workspaces that users have claimed." : "The workspaces that you have claimed.")</p>
                <div class="card">\(live("claim-list", list))</div>
                """)
    }
}
