/// An operator's order (`prewarm suspend`) not to change the pools of presets. Claims and releases continue.
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
    /// The operator's words; nil if none were given.
    package let reason: String?
    /// The operator who ordered the suspension.
    package let by: String
    package let since: Timestamp
    /// The time at which the suspension ends; nil if it lasts until `prewarm resume`.
    package let until: Timestamp?

    package init(scope: Scope, reason: String?, by: String, since: Timestamp, until: Timestamp?) {
        self.scope = scope
        self.reason = reason
        self.by = by
        self.since = since
        self.until = until
    }

    /// Returns true if the suspension is active.
    package func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }

    /// The text that follows "suspended", for example `by ada until 2026-11-24T10:00:00Z: the provider is down`.
    package var sentence: String {
        "by \(by)" + (until.map { " until \($0.inSentence)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}
