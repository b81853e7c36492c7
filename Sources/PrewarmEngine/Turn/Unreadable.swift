package import PrewarmCore

extension Engine {
    /// A warning for each value that is kept of a source and can't be read.
    /// - Parameter presets: how many could be read; nil: it is not known, and all are looked at.
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
    /// - Parameter what: as `preset go`.
    package init(unreadable what: String) {
        self.init(.warning, "what was stored of \(what) could not be read; the next turn reads it from git again")
    }

    package static var unreadableGuard: Diagnostic {
        Diagnostic(
            .warning,
            "what was stored of the deletion guard could not be read; until nothing waits, each deletion for a lower number counts as a revision's doing"
        )
    }
}
