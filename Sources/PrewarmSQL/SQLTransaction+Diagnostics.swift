internal import PrewarmCore
internal import PrewarmEngine

extension SQLTransaction {
    func diagnostics(source: String) throws -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        try statement("SELECT value FROM diagnostics WHERE source = ? ORDER BY sequence").forEach(source) { columns in
            diagnostics.append((try? Diagnostic(binary: columns.next())) ?? unreadable("a diagnostic"))
        }
        return diagnostics
    }

    func unreadable(source: String) throws -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        try statement("SELECT name, value FROM templates WHERE source = ? ORDER BY name").forEach(source) { columns in
            let name: String = columns.next()
            if (try? Template(binary: columns.next())) == nil { diagnostics.append(unreadable("template \(name)")) }
        }
        try statement("SELECT value FROM guards WHERE source = ?").forEach(source) { columns in
            if GuardRecord(stored: columns.next()) == .lost {
                diagnostics.append(.unreadableGuard)
            }
        }
        return diagnostics
    }

    private func unreadable(_ what: String) -> Diagnostic {
        Diagnostic(unreadable: what)
    }

    func replaceDiagnostics(_ diagnostics: [Diagnostic], source: String) throws {
        try statement("DELETE FROM diagnostics WHERE source = ?").run(source)
        let insert = try statement("INSERT INTO diagnostics (source, sequence, value) VALUES (?,?,?)")
        for (sequence, diagnostic) in diagnostics.enumerated() {
            try insert.run(source, sequence, diagnostic.binary)
        }
    }
}
