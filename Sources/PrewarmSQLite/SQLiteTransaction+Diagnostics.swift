internal import PrewarmCore
internal import PrewarmEngine

extension SQLiteTransaction {
    /// In the order in which they were given, and after them one for each value of the source that can't be read.
    func diagnostics(source: String) throws -> [Diagnostic] {
        var diagnostics = try manifestDiagnostics(source: source)
        try statement(
            "SELECT name, value FROM preset_keys JOIN presets USING (id) WHERE source = ? ORDER BY name"
        ).forEach(source) { columns in
            let name: String = columns.next()
            if (try? Preset(binary: columns.next())) == nil { diagnostics.append(unreadable("preset \(name)")) }
        }
        try statement("SELECT name, value FROM templates WHERE source = ? ORDER BY name").forEach(source) { columns in
            let name: String = columns.next()
            if (try? Template(binary: columns.next())) == nil { diagnostics.append(unreadable("template \(name)")) }
        }
        return diagnostics
    }

    func manifestDiagnostics(source: String) throws -> [Diagnostic] {
        try statement("SELECT value FROM diagnostics WHERE source = ? ORDER BY sequence").all(source) { columns in
            (try? Diagnostic(binary: columns.next())) ?? unreadable("a diagnostic")
        }
    }

    private func unreadable(_ what: String) -> Diagnostic {
        Diagnostic(.warning, "what was stored of \(what) could not be read; the next revision rewrites it")
    }

    func replaceDiagnostics(_ diagnostics: [Diagnostic], source: String) throws {
        try statement("DELETE FROM diagnostics WHERE source = ?").run(source)
        let insert = try statement("INSERT INTO diagnostics (source, sequence, value) VALUES (?,?,?)")
        for (sequence, diagnostic) in diagnostics.enumerated() {
            try insert.run(source, sequence, diagnostic.binary)
        }
    }
}
