import PrewarmCore
package import PrewarmEngine

/// The page of one pool.
package struct PoolPage: Sendable {
    /// The most workspaces, failures and events on the page.
    package static let workspaceLimit = 200

    /// The document of the preset, as `describe preset` gives it.
    let preset: Value
    /// The documents of the last failed operations, the newest first.
    let failures: [Value]
    /// The document of the applied revision of the source; nil if no revision is applied.
    let revision: Value?
    let history: PoolHistory
    /// A random text, so that a claim that is sent twice is one claim.
    let claimKey: String
    let times: Moments

    package init(
        preset: Value, failures: [Value], revision: Value?, history: PoolHistory, claimKey: String, times: Moments
    ) {
        self.preset = preset
        self.failures = failures
        self.revision = revision
        self.history = history
        self.claimKey = claimKey
        self.times = times
    }

    private var name: String { preset.text("name") ?? "" }
    private var source: String { preset.text("source") ?? "" }

    package func page(for viewer: Viewer) -> Page {
        Page(
            name, section: .pools,
            main: """
                <nav class="crumbs" aria-label="Breadcrumb"><a href="/">Pools</a> <span aria-hidden="true">/</span> \(source)</nav>
                \(Page.live("head", head))
                \(actions(viewer))
                <div class="columns">
                <section class="card" aria-labelledby="next-title"><h2 id="next-title">What happens next</h2>
                \(Page.live("next", next))</section>
                <section class="card" aria-labelledby="revision-title"><h2 id="revision-title">Definition</h2>
                \(Page.live("revision", definition))</section>
                </div>
                <section class="card" aria-labelledby="plot-title"><h2 id="plot-title">Last 24 hours and next 24 hours</h2>
                \(Page.live("plot", HistoryPlot(history, now: times.now).markup))</section>
                <section class="card" aria-labelledby="conditions-title"><h2 id="conditions-title">Conditions</h2>
                \(Page.live("conditions", ConditionTable(preset.list("conditions"), times).markup))</section>
                \(Page.live("failures", failureSection))
                <section class="card" aria-labelledby="workspaces-title"><h2 id="workspaces-title">Workspaces</h2>
                \(Page.live("workspaces", workspaces(viewer)))</section>
                <section class="card" aria-labelledby="events-title"><h2 id="events-title">Recent events</h2>
                \(Page.live("events", EventList(preset.list("events").reversed(), times, seesOwners: viewer.seesOwners).markup))</section>
                """)
    }

    private var head: Markup {
        var tiles = [
            Tile(name: "Ready", value: "\(preset.number("claimable"))", detail: older),
            Tile(name: "Desired", value: "\(preset.number("desired"))"),
            Tile(name: "Starting", value: "\(preset.number("starting"))"),
            Tile(name: "Claimed", value: "\(preset.number("claimed"))"),
        ]
        if preset["waiting"] != nil { tiles.append(Tile(name: "Waiting claims", value: "\(preset.number("waiting"))")) }
        if let hitRate = HitRate(preset) { tiles.append(hitRate.tile) }
        for (key, name) in [
            ("outdated", "Outdated"), ("deleting", "Deleting"), ("failed", "Failed"), ("unhealthy", "Unhealthy"),
        ]
        where preset.number(key) > 0 {
            tiles.append(Tile(name: name, value: "\(preset.number(key))"))
        }
        return """
            <div class="title"><h1>\(name)</h1>\(PoolState(preset).badge)</div>
            \(Tile.row(tiles, label: "Workspaces of this pool"))
            \(heldHint)
            """
    }

    /// A sentence that leads to the held changes, if there are any.
    private var heldHint: Markup {
        let isHeld = preset.list("conditions").contains { $0.text("type") == "DeletionsHeld" }
        return isHeld
            ? "<p class=\"hint\">Changes of this pool are held. <a href=\"/sources\">See the sources</a> to approve them.</p>"
            : ""
    }

    private var older: Markup {
        let older = preset.number("claimable") - preset.number("eligible")
        return older > 0 ? "\(older) of an older version" : ""
    }

    private func actions(_ viewer: Viewer) -> Markup {
        guard viewer.mayClaim else { return "" }
        let address = Address.pool(source: source, name: name)
        // A claimer claims for itself. An operator names the owner.
        let owner: Markup =
            viewer.mayOperate
            ? """
            <label for="owner">Owner</label><input id="owner" name="owner" required maxlength="200" value="\(viewer.name)" \
            autocomplete="off">
            """ : ""
        let claim = Form(
            action: "\(address)/claim", button: "Claim a workspace", values: [("key", claimKey)], fields: owner)
        let hasFailed = preset["failure"] != nil || preset.number("failed") > 0
        let retry =
            viewer.mayOperate && hasFailed
            ? Form(action: "\(address)/retry", button: "Retry now", isSecondary: true).markup(for: viewer) : ""
        return "<div class=\"actions\">\(claim.markup(for: viewer))\(retry)</div>"
    }

    private var next: Markup {
        let sentences = preset.list("story").compactMap(\.string)
        guard !sentences.isEmpty else { return "<p class=\"empty\">Nothing is known yet.</p>" }
        return "<ul class=\"story\">\(sentences.map { "<li>\(times.sentence($0))</li>" as Markup }.joined())</ul>"
    }

    private var definition: Markup {
        var rows: [(String, Markup)] = [
            ("Template", "\(preset.text("template") ?? "") \(preset.text("version") ?? "")"),
            ("Provisioner", "\(preset.text("provisioner") ?? "")"),
            ("Manifest", "<code>\(preset.text("file") ?? ""):\(preset.number("line"))</code>"),
        ]
        for pair in preset["parameters"]?.pairs ?? [] { rows.append((pair.key, "<code>\(pair.value.shown)</code>")) }
        for pair in preset["labels"]?.pairs ?? [] { rows.append(("Label \(pair.key)", "\(pair.value.shown)")) }
        if let ttl = preset.text("ttl") { rows.append(("Time to live", "\(ttl)")) }
        if let strategy = preset.text("strategy") { rows.append(("Rollout", "\(strategy)")) }
        if let revision { rows.append(("Revision", RevisionText(revision, times).short)) }
        return
            "<dl class=\"facts\">\(rows.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" as Markup }.joined())</dl>"
    }

    private var failureSection: Markup {
        guard !failures.isEmpty else { return "" }
        return """
            <section class="card" aria-labelledby="failures-title"><h2 id="failures-title">Failures</h2>
            \(failures.map { Failure($0, times).markup }.joined(separator: "\n"))</section>
            """
    }

    private func workspaces(_ viewer: Viewer) -> Markup {
        let all = preset.list("workspaces")
        guard !all.isEmpty else { return "<p class=\"empty\">There is no workspace to show.</p>" }
        let left = all.count - Self.workspaceLimit
        let more: Markup = left > 0 ? "<p class=\"muted\">and \(left) more</p>" : ""
        return WorkspaceTable(Array(all.prefix(Self.workspaceLimit)), times, caption: "Workspaces").markup(for: viewer)
            + more
    }
}

/// A failed operation with the end of its log, if the reader may read it.
struct Failure {
    private let operation: Value
    private let times: Moments

    init(_ operation: Value, _ times: Moments) {
        self.operation = operation
        self.times = times
    }

    var markup: Markup {
        let id = operation.text("id") ?? ""
        let log: Markup =
            operation.text("logEnd").map {
                """
                <details id="log-\(id)"><summary>The end of the log<span class="unseen"> of \(title)</span></summary>\
                <pre tabindex="0">\(Markup.lines($0))</pre></details>
                """
            } ?? ""
        return """
            <article class="failure"><h3>\(title)</h3><p class="muted">attempt \(operation.number("attempt")), \
            \(times.element(operation, "finishedAt"))</p><p class="cause">\(operation.text("error")?.cause ?? "no cause is known")</p>\(log)</article>
            """
    }

    private var title: String {
        "\(operation.text("type") ?? "operation") of \(operation.text("workspaceName") ?? operation.text("workspace") ?? "")"
    }
}

extension Value {
    /// The value as text for people.
    var shown: String { string ?? compactJSON }
}
