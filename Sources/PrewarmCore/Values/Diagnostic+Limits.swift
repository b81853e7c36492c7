extension Diagnostic {
    /// The largest number of diagnostics that are kept for one file. The rest is counted.
    package static let mostInFile = 100
    /// The largest number of diagnostics that are kept for one source, besides the first error of each file. The rest
    /// is counted.
    package static let mostInSource = 1_000
    /// The largest number of diagnostics that a document shows. The rest is counted.
    package static let mostShown = 200
    /// The largest number of characters in a message or a hint. Longer texts are cut.
    static let textLimit = 1_000

    /// Returns the diagnostic that counts the errors of a file beyond those that are kept.
    static func moreErrors(_ count: Int, file: String) -> Diagnostic {
        omitted(count, .error, file: file, place: "this file")
    }

    /// Returns the diagnostic that counts the diagnostics of a file that are not kept, or of a source if `file` is
    /// empty.
    fileprivate static func omitted(_ count: Int, _ severity: Severity, file: String, place: String) -> Diagnostic {
        let noun = severity == .error ? "error" : "warning"
        return Diagnostic(severity, file: file, "and \(count) more \(noun)\(count == 1 ? "" : "s") in \(place)")
    }
}

extension [Diagnostic] {
    /// Keeps the first diagnostics of one file, and adds one that counts the rest.
    /// - Parameter omitted: the number of errors that were counted before and have no diagnostic.
    package mutating func limitToFile(omitted: Int = 0) {
        let excess = self[Swift.min(count, Diagnostic.mostInFile)...]
        guard excess.count + omitted > 0 else { return }
        let severity: Diagnostic.Severity =
            omitted > 0 || excess.contains { $0.severity == .error } ? .error : .warning
        let (rest, file) = (excess.count + omitted, first?.file ?? "")
        self =
            Array(prefix(Diagnostic.mostInFile)) + [Diagnostic.omitted(rest, severity, file: file, place: "this file")]
    }

    /// Keeps at most ``Diagnostic/mostInSource`` diagnostics and the first error of each file, and adds one that
    /// counts the rest. The first error of a file shows that its presets keep their last valid version.
    /// - Parameter omitted: the number of errors that were counted before and have no diagnostic.
    package mutating func limitToSource(omitted: Int = 0) {
        guard count > Diagnostic.mostInSource || omitted > 0 else { return }
        var (kept, seen): ([Diagnostic], Set<String>) = ([], [])
        var (rest, severity) = (omitted, omitted > 0 ? Diagnostic.Severity.error : .warning)
        for diagnostic in self {
            let isFirst = diagnostic.severity == .error && seen.insert(diagnostic.file).inserted
            if isFirst || kept.count < Diagnostic.mostInSource {
                kept.append(diagnostic)
            } else {
                rest += 1
                if diagnostic.severity == .error { severity = .error }
            }
        }
        if rest > 0 { kept.append(.omitted(rest, severity, file: "", place: "the manifests")) }
        self = kept
    }

    /// The diagnostics that a document shows, and one that counts the rest.
    package var shown: [Diagnostic] {
        guard count > Diagnostic.mostShown else { return self }
        let excess = self[Diagnostic.mostShown...]
        let severity: Diagnostic.Severity = excess.contains { $0.severity == .error } ? .error : .warning
        return Array(prefix(Diagnostic.mostShown)) + [
            Diagnostic.omitted(excess.count, severity, file: "", place: "total")
        ]
    }
}
