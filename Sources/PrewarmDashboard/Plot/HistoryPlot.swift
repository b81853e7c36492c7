import PrewarmCore

/// The plot of a pool's history and schedule, as inline SVG. Text beside it says the same for readers who do not see it.
struct HistoryPlot {
    private static let width = 960.0
    private static let height = 160.0

    private let history: PoolHistory
    private let now: Timestamp

    init(_ history: PoolHistory, now: Timestamp) {
        self.history = history
        self.now = now
    }

    private var from: Timestamp { now - PoolHistory.span }
    private var to: Timestamp { now + PoolHistory.span }

    /// The largest number of the plot; at least 1.
    private var top: Int {
        max(1, ([history.ready, history.claimed, history.desired].joined().map(\.count).max() ?? 0))
    }

    var markup: Markup {
        let zero = Self.text(Self.height)
        return """
            <figure class="plot">
            <div class="frame"><span class="scale" aria-hidden="true">\(top)</span><svg viewBox="0 0 960 160" \
            preserveAspectRatio="none" role="img" aria-labelledby="plot-text">
            <line class="base" x1="0" y1="\(zero)" x2="960" y2="\(zero)"/>
            <path class="ready" d="\(area(history.ready))"/>
            <path class="edge" d="\(line(history.ready, until: now))"/>
            <path class="claimed" d="\(line(history.claimed, until: now))"/>
            <path class="desired" d="\(line(history.desired, until: to))"/>
            <line class="now" x1="480" y1="0" x2="480" y2="160"/>
            </svg></div>
            <div class="axis" aria-hidden="true"><span>24 h ago</span><span>12 h ago</span><span>now</span>\
            <span>in 12 h</span><span>in 24 h</span></div>
            \(legend)
            <figcaption id="plot-text" class="muted">\(summary)</figcaption>
            </figure>
            """
    }

    private var legend: Markup {
        """
        <ul class="legend"><li><svg viewBox="0 0 24 12" width="24" height="12" aria-hidden="true" focusable="false">\
        <rect class="ready" width="24" height="12"/><path class="edge" d="M0 1H24"/></svg>ready</li>\
        <li><svg viewBox="0 0 24 12" width="24" height="12" aria-hidden="true" focusable="false">\
        <path class="claimed" d="M0 6H24"/></svg>claimed</li>\
        <li><svg viewBox="0 0 24 12" width="24" height="12" aria-hidden="true" focusable="false">\
        <path class="desired" d="M0 6H24"/></svg>desired by the current definition</li></ul>
        """
    }

    private var summary: Markup {
        let counts = history.ready.map(\.count)
        let (low, high) = (counts.min() ?? 0, counts.max() ?? 0)
        let range = low == high ? "\(high)" : "\(low) to \(high)"
        let hours = Moments.length(now - max(history.begin, from))
        let claims = history.claimed.map(\.count).max() ?? 0
        let changes = Set(history.desired.filter { $0.at > now }.map(\.count)).sorted().map { "\($0)" }
        let next =
            changes.isEmpty
            ? "The desired number does not change in the next 24 hours."
            : "In the next 24 hours, the schedule changes the desired number to \(changes.joined(separator: " and "))."
        return "In the last \(hours), \(range) workspaces were ready, and at most \(claims) were claimed. \(next)"
    }

    // MARK: Paths

    private func x(_ time: Timestamp) -> Double {
        let share = Double((time - from).wholeMilliseconds) / Double((to - from).wholeMilliseconds)
        return min(max(share, 0), 1) * Self.width
    }

    /// Returns the height of a number. A space above and below keeps lines whole.
    private func y(_ count: Int) -> Double { Self.height - 2 - Double(count) / Double(top) * (Self.height - 8) }

    /// Returns a line that goes up and down in steps.
    private func line(_ steps: [PoolHistory.Step], until end: Timestamp) -> Markup {
        guard let first = steps.first else { return "" }
        var path = "M\(Self.text(x(first.at))) \(Self.text(y(first.count)))"
        for step in steps.dropFirst() { path += "H\(Self.text(x(step.at)))V\(Self.text(y(step.count)))" }
        return Markup(path + "H\(Self.text(x(end)))")
    }

    private func area(_ steps: [PoolHistory.Step]) -> Markup {
        guard let first = steps.first else { return "" }
        let line = line(steps, until: now)
        return "\(line)V\(Self.text(y(0)))H\(Self.text(x(first.at)))Z"
    }

    /// Returns the number with one decimal digit.
    private static func text(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
