/// Somebody's order from the command line not to act on presets; claims go on.
package struct Suspension: Hashable, Sendable {
    package enum Scope: Hashable, Sendable {
        case preset(PresetKey)
        case source(String)
        case all

        package func covers(_ preset: PresetKey) -> Bool {
            switch self {
            case .preset(let key): key == preset
            case .source(let name): name == preset.source
            case .all: true
            }
        }
    }

    package let scope: Scope
    package let reason: String?
    package let by: String
    package let since: Timestamp
    /// Nil: until it is resumed.
    package let until: Timestamp?

    package init(scope: Scope, reason: String?, by: String, since: Timestamp, until: Timestamp?) {
        self.scope = scope
        self.reason = reason
        self.by = by
        self.since = since
        self.until = until
    }

    package func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    /// `by ada until 2026-11-24T10:00:00Z: the provider is down`.
    package var sentence: String {
        "by \(by)" + (until.map { " until \($0)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}
