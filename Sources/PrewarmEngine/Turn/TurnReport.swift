package import PrewarmCore

/// What one turn of a source found and decided.
package struct TurnReport: Sendable {
    package let source: String
    /// What the plan was made from; nil where nothing was ever applied.
    package var revision: Revision?
    /// Nothing had changed: nothing was planned, nothing written.
    package var isQuiet = false
    /// Why the newest revision could not be had; the last good one is in force.
    package var failure: GitFailure?
    package var diagnostics: [Diagnostic] = []
    package var presets: [Preset] = []
    package var plan = Plan()
    package var failures: [PresetKey: FailureRecord] = [:]

    package init(source: String) {
        self.source = source
    }

    package var hasErrors: Bool { failure != nil || diagnostics.contains { $0.severity == .error } }
}

/// Why a turn could not be made.
package enum TurnError: Error, Sendable {
    case unknownSource(String)
    /// Another process reconciles the source and goes on doing it.
    case leaseHeld(source: String, by: String)
    /// Another process took over while this turn was under way; it was rolled back.
    case leaseLost(source: String)
}
