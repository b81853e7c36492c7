package import PrewarmCore

extension Engine {
    /// Returns a warning for each stored value of a source that cannot be read.
    /// - Parameter count: The number of presets that could be read; nil to try to read all.
    package func unreadable(
        _ source: String, presets count: Int?, in store: any StoreReader
    ) throws -> [Diagnostic] {
        var found = try store.unreadable(source: source)
        if let count, try store.presetCount(source: source) == count { return found }
        found += try store.unreadablePresets(source: source).map { Diagnostic(unreadable: "preset \($0.name)") }
        return found
    }
}

extension Diagnostic {
    /// The warning about a stored value that cannot be read.
    /// - Parameter what: The value, for example `preset go` or `a diagnostic`.
    package init(unreadable what: String) {
        self.init(.warning, "cannot read \(what) in the store; the next reconciliation reads it from git again")
    }

    /// The warning about a stored record of the deletion guard that cannot be read.
    package static var unreadableGuard: Diagnostic {
        Diagnostic(
            .warning,
            "cannot read the record of the deletion guard in the store; until nothing is held, the guard holds every change "
                + "that takes workspaces away")
    }
}
