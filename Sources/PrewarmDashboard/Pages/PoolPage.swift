package import PrewarmAPI
import PrewarmCore

/// The page of one pool.
package struct PoolPage: Sendable {
    /// The most workspaces, failures and events on the page.
    package static let workspaceLimit = 200

    /// The document of the preset, as `describe preset` gives it.
    let preset: PresetDescription
    /// The documents of the last failed operations, the newest first.
    let failures: [OperationDescription]
    /// The document of the applied revision of the source; nil if no revision is applied.
    let revision: RevisionDocument?
    let history: PoolHistory
    /// A random text, so that a claim that is sent twice is one claim.
    let claimKey: String
    let times: Moments

    package init(
        preset: PresetDescription, failures: [OperationDescription], revision: RevisionDocument?, history: PoolHistory,
        claimKey: String, times: Moments
    ) {
        self.preset = preset
        self.failures = failures
        self.revision = revision
        self.history = history
        self.claimKey = claimKey
        self.times = times
    }

    private var name: String { preset.name }
    private var source: String { preset.source }

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
                \(Page.live("conditions", ConditionTable(preset.conditions, times).markup))</section>
                \(Page.live("failures", failureSection))
                <section class="card" aria-labelledby="workspaces-title"><h2 id="workspaces-title">Workspaces</h2>
                \(Page.live("workspaces", workspaces(viewer)))</section>
                <section class="card" aria-labelledby="events-title"><h2 id="events-title">Recent events</h2>
                \(Page.live("events", EventList(preset.events.reversed(), times, seesOwners: viewer.seesOwners).markup))</section>
                """)
    }

    private var head: Markup {
        var tiles = [
            Tile(name: "Ready", value: "\(preset.claimable)", detail: older),
            Tile(name: "Desired", value: "\(preset.desired)"),
            Tile(name: "Starting", value: "\(preset.starting)"),
            Tile(name: "Claimed", value: "\(preset.claimed)"),
        ]
        if let waiting = preset.waiting { tiles.append(Tile(name: "Waiting claims", value: "\(waiting)")) }
        if let hitRate = HitRate(preset.base) { tiles.append(hitRate.tile) }
        for (count, name) in [
            (preset.outdated, "Outdated"), (preset.deleting, "Deleting"), (preset.failed, "Failed"),
            (preset.unhealthy ?? 0, "Unhealthy"),
        ]
        where count > 0 {
            tiles.append(Tile(name: name, value: "\(count)"))
        }
        return """
            <div class="title"><h1>\(name)</h1>\(PoolState(preset.base).badge)</div>
            \(Tile.row(tiles, label: "Workspaces of this pool"))
            \(heldHint)
            """
    }

    /// A sentence that leads to the held changes, if there are any.
    private var heldHint: Markup {
        preset.conditions[.deletionsHeld] != nil
            ? "<p class=\"hint\">Changes of this pool are held. <a href=\"/sources\">See the sources</a> to approve them.</p>"
            : ""
    }

    private var older: Markup {
        let older = preset.claimable - preset.eligible
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
        let hasFailed = preset.failure != nil || preset.failed > 0
        let retry =
            viewer.mayOperate && hasFailed
            ? Form(action: "\(address)/retry", button: "Retry now", isSecondary: true).markup(for: viewer) : ""
        return "<div class=\"actions\">\(claim.markup(for: viewer))\(retry)</div>"
    }

    private var next: Markup {
        let sentences = preset.story
        guard !sentences.isEmpty else { return "<p class=\"empty\">Nothing is known yet.</p>" }
        return "<ul class=\"story\">\(sentences.map { "<li>\(times.sentence($0))</li>" as Markup }.joined())</ul>"
    }

    private var definition: Markup {
        var rows: [(String, Markup)] = [
            ("Template", "\(preset.template) \(preset.version)"),
            ("Provisioner", "\(preset.provisioner)"),
            ("Manifest", "<code>\(preset.file):\(preset.line)</code>"),
        ]
        for pair in preset.parameters.pairs { rows.append((pair.key, "<code>\(pair.value.shown)</code>")) }
        for pair in preset.labels?.pairs ?? [] { rows.append(("Label \(pair.key)", "\(pair.value)")) }
        if let ttl = preset.ttl { rows.append(("Time to live", "\(ttl)")) }
        rows.append(("Rollout", "\(preset.strategy)"))
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
        let all = preset.workspaces
        guard !all.isEmpty else { return "<p class=\"empty\">There is no workspace to show.</p>" }
        let left = all.count - Self.workspaceLimit
        let more: Markup = left > 0 ? "<p class=\"muted\">and \(left) more</p>" : ""
        return WorkspaceTable(Array(all.prefix(Self.workspaceLimit)), times, caption: "Workspaces").markup(for: viewer)
            + more
    }
}

/// A failed operation with the end of its log, if the reader may read it.
struct Failure {
    private let operation: OperationDescription
    private let times: Moments

    init(_ operation: OperationDescription, _ times: Moments) {
        self.operation = operation
        self.times = times
    }

    var markup: Markup {
        let id = operation.id
        let log: Markup =
            operation.logEnd.map {
                """
                <details id="log-\(id)"><summary>The end of the log<span class="unseen"> of \(title)</span></summary>\
                <pre tabindex="0">\(Markup.lines($0))</pre></details>
                """
            } ?? ""
        return """
            <article class="failure"><h3>\(title)</h3><p class="muted">attempt \(operation.attempt), \
            \(times.element(operation.finishedAt))</p><p class="cause">\(operation.error?.cause ?? "no cause is known")</p>\(log)</article>
            """
    }

    private var title: String {
        "\(operation.type) of \(operation.workspaceName)"
    }
}

extension ParameterValue {
    /// The value as text for people. Of a secret, it is the name.
    fileprivate var shown: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .secret(let name): "secret \(name)"
        }
    }
}
